import * as vscode from 'vscode';
import { api, readyGateway } from './gateway';
import { eventually } from '../support/eventually';

/** The demo's knob; the processes of the gateway inherit it from the extension host. */
const SIGNED_OUT = 'DEMO_LINGMA_SIGNED_OUT';

describe('signing in to Lingma', () => {
  const signedIn = async (): Promise<boolean | null | undefined> =>
    (await api()).stats()?.instances[0]?.signedIn;

  before(async () => {
    process.env[SIGNED_OUT] = '1';
    await readyGateway();
    await vscode.commands.executeCommand('lingmaGateway.restart');
    await readyGateway();
  });
  after(async () => {
    Reflect.deleteProperty(process.env, SIGNED_OUT);
    await vscode.commands.executeCommand('lingmaGateway.restart');
    await readyGateway();
  });

  it('opens the page in a browser and notices when it has worked', async function () {
    // On a desktop it is the system's browser, and a machine for tests has none.
    if (vscode.env.uiKind !== vscode.UIKind.Web) this.skip();
    await eventually(
      'the gateway knows that nobody is signed in',
      async () => (await signedIn()) === false || undefined,
    );
    const command = vscode.commands.executeCommand('lingmaGateway.signIn');
    // The demo signs in whoever visits its page, so this waits for the browser to have been there.
    await eventually(
      'the gateway knows the user',
      async () => (await signedIn()) === true || undefined,
    );
    await command;
  });
});
