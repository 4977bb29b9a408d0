/** The commands that help to set up and to find out what is wrong; a bundle of its own. */
import { join } from 'node:path';
import { createClientKey, manageClientKeys } from '../keys/keyCommands';
import { connectClient } from './connectClient';
import { copyDiagnostics } from './copyDiagnostics';
import type { SetupDependencies } from './dependencies';
import { openTerminal } from './openTerminal';
import { Preview } from './preview';
import { rotateApiKey } from './rotateApiKey';
import { showEffectiveConfig } from './showEffectiveConfig';
import { runConnectionTest } from './testConnectionCommand';
import { undoClientSetup } from './undoCommand';
import { UndoStore } from './undoStore';

/** What the extension calls. */
export interface SetupCommands {
  /** @param client Id of the client to connect; anything else asks the user. */
  connectClient(client: unknown): Promise<void>;
  undoClientSetup(): Promise<void>;
  openTerminal(): Promise<void>;
  /** Resolves with the report, for callers in code; undefined when nothing could be tested. */
  testConnection(): Promise<unknown>;
  copyDiagnostics(): Promise<void>;
  showEffectiveConfig(): Promise<void>;
  rotateApiKey(): Promise<void>;
  /** @param name Of the client; anything but a text asks the user. */
  createClientKey(name: unknown): Promise<void>;
  manageClientKeys(): Promise<void>;
  /** Answers the change that is shown; without one they do nothing. */
  applyChange(): void;
  discardChange(): void;
}

/** To be made once: it registers where its previews are read from. */
export function createSetupCommands(deps: SetupDependencies): SetupCommands {
  const preview = deps.store.add(new Preview());
  const undoStore = new UndoStore(join(deps.storage.fsPath, 'client-setups'));
  const context = { deps, preview, undoStore };
  return {
    connectClient: (client) => connectClient(context, client),
    undoClientSetup: () => undoClientSetup(context),
    openTerminal: () => openTerminal(deps),
    testConnection: () => runConnectionTest(deps, preview),
    copyDiagnostics: () => copyDiagnostics(deps),
    showEffectiveConfig: () => showEffectiveConfig(deps, preview),
    rotateApiKey: () => rotateApiKey(context),
    createClientKey: (name) => createClientKey(deps.keys, name),
    manageClientKeys: () => manageClientKeys(deps.keys),
    applyChange: () => {
      preview.answer(true);
    },
    discardChange: () => {
      preview.answer(false);
    },
  };
}
