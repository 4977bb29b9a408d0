import * as vscode from 'vscode';
import type { Disposable } from '../base/disposable';
import { Emitter } from '../base/emitter';
import type { Logger } from '../observe/log';
import { section, type SettingName } from './ids';
import { readSettings, type Settings } from './settings';

/** The settings as VS Code holds them now, checked and clamped. */
export class Config implements Disposable {
  readonly #logger: Logger;
  readonly #changed = new Emitter<void>();
  readonly #subscription: vscode.Disposable;
  #reported = '';

  constructor(logger: Logger) {
    this.#logger = logger;
    this.#subscription = vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(section)) this.#changed.fire();
    });
  }

  /** Fires after any of the extension's settings changed. */
  readonly onDidChange = this.#changed.event;

  /** Reads all settings; what had to be corrected is logged once. */
  read(): Settings {
    const configuration = vscode.workspace.getConfiguration(section);
    const { settings, corrections } = readSettings((name) => configuration.get(name));
    const report = corrections.join('; ');
    if (report !== this.#reported && report !== '') this.#logger.log('warn', report);
    this.#reported = report;
    return settings;
  }

  /** Whether somebody has written a value for it, here or anywhere. */
  isSet(name: SettingName): boolean {
    const found = vscode.workspace.getConfiguration(section).inspect(name);
    return (
      found?.globalValue !== undefined ||
      found?.workspaceValue !== undefined ||
      found?.workspaceFolderValue !== undefined
    );
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}
