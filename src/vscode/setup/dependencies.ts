/** What the commands of this folder are given by the extension, which loads them on first use. */
import type * as vscode from 'vscode';
import type { DisposableStore } from '../../base/disposable';
import type { HostState } from '../../dashboard/protocol';
import type { Logger } from '../../observe/log';
import type { KeyDependencies } from '../keys/dependencies';
import type { ConnectionSource } from '../connection';
import type { Settings } from '../settings';

export interface SetupDependencies {
  readonly source: ConnectionSource;
  readonly state: () => HostState;
  /** Tells the user that there is no gateway, with the way to one. */
  readonly sayNotRunning: () => Promise<void>;
  readonly settings: () => Settings;
  /** The last lines of the log, the oldest first. */
  readonly recentLog: () => readonly string[];
  readonly logger: Logger;
  /** The extension's own storage on this machine. */
  readonly storage: vscode.Uri;
  readonly extensionVersion: string;
  readonly keys: KeyDependencies;
  /** Ends with the extension; what the commands register goes in. */
  readonly store: DisposableStore;
}
