/** One VS Code window with or without the extension, measured from its start until it rests. */
import { setTimeout as sleep } from 'node:timers/promises';
import { extensionsVariable } from '../../../scripts/vscode/results.mjs';
import { eventually } from '../../vscode/support/eventually';
import { Workbench } from '../../vscode/workbench/workbench';
import { extensionHostOf, type IdleFigures, observeIdle } from './hostProcess';

/** How long VS Code itself is busy after a window has opened. */
const settleMs = 15_000;
const idleSeconds = 30;

export interface WindowFigures extends IdleFigures {
  /** As VS Code measured it: loading the code and calling `activate`; undefined without extension. */
  readonly activationMs: number | undefined;
}

/** @param extensions The folder of installed extensions. */
export async function measureWindow(extensions: string, ours: boolean): Promise<WindowFigures> {
  process.env[extensionsVariable] = extensions;
  const workbench = await Workbench.open();
  try {
    if (ours) await workbench.statusBarShows('1/1');
    const pid = await eventually(
      'there is one extension host',
      () => extensionHostOf(workbench.server.pid),
      60_000,
    );
    await sleep(settleMs);
    const idle = await observeIdle(pid, idleSeconds);
    return { ...idle, activationMs: ours ? await activationMs(workbench) : undefined };
  } finally {
    await workbench.close();
  }
}

/** From the page of `Developer: Show Running Extensions`. */
async function activationMs(workbench: Workbench): Promise<number> {
  await workbench.command('Developer: Show Running Extensions');
  const list = workbench.page.locator('.runtime-extensions-editor');
  const row = list.locator('.monaco-list-row').filter({ hasText: 'Lingma Gateway' });
  const text = await eventually(
    'VS Code shows the activation time',
    async () => {
      if (await row.isVisible()) return row.locator('.activation-time').innerText();
      // The list draws only what fits.
      await list.hover({ timeout: 5_000 });
      await workbench.page.mouse.wheel(0, 300);
      return undefined;
    },
    30_000,
  );
  const figure = /Activation: (\d+)ms/.exec(text)?.[1];
  if (figure === undefined) throw new Error(`VS Code shows "${text}" as the activation time.`);
  return Number(figure);
}
