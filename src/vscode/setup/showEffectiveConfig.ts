/** “Show Effective Configuration”: what the gateway runs with, and where each value comes from. */
import * as vscode from 'vscode';
import { toGatewayError } from '../../base/errors';
import { complain } from '../notify';
import type { SetupDependencies } from './dependencies';
import type { Preview } from './preview';

/** Of the gateway that serves this window, also where another window runs it. */
export async function showEffectiveConfig(
  { keys: { controller }, sayNotRunning }: SetupDependencies,
  preview: Preview,
): Promise<void> {
  const { serving } = controller;
  if (!serving) {
    await sayNotRunning();
    return;
  }
  try {
    await preview.json('effective-configuration', await serving.effectiveConfig());
  } catch (error) {
    void complain(
      vscode.l10n.t('The configuration could not be read. {0}', toGatewayError(error).message),
    );
  }
}
