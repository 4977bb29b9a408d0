import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../base/disposable';
import { toGatewayError } from '../base/errors';
import { snapshotOf } from '../dashboard/protocol';
import type { SignInOffer } from '../gateway/signIn';
import { signedOutIds } from '../gateway/snapshot';
import type { GatewayController } from './controller';
import type { HostedGateway } from './hostedGateway';
import { commandIds, displayName } from './ids';
import { complain, inform, warn } from './notify';
import { SignInReminder } from './signInReminder';

/**
 * Signing in to Lingma: the vendor's page in the user's own browser, then a wait, which the user
 * may end, until the process knows the user. Says so once when requests fail for want of it.
 */
export class SignIn implements Disposable {
  readonly #controller: GatewayController;
  readonly #reminder = new SignInReminder(() => performance.now());
  readonly #store = new DisposableStore();
  #reminding = false;
  #running: Promise<void> | undefined;

  constructor(controller: GatewayController) {
    this.#controller = controller;
    this.#store.add(
      controller.onDidChange((state) => {
        if (this.#reminder.isDue(state)) void this.#remind();
      }),
    );
  }

  /** The command; asked for again while it waits, it opens the page again. Needs a ready gateway. */
  async run(gateway: HostedGateway): Promise<void> {
    let offer: SignInOffer;
    try {
      offer = await gateway.beginSignIn();
    } catch (error) {
      void complain(toGatewayError(error).message);
      return;
    }
    if (!(await openPage(offer.loginUrl))) return;
    this.#running ??= this.#wait(gateway, offer).finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  dispose(): void {
    this.#store.dispose();
  }

  async #wait(gateway: HostedGateway, { instanceId }: SignInOffer): Promise<void> {
    const cancelled = new AbortController();
    const signedIn = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: vscode.l10n.t('Waiting for you to sign in to Lingma in your browser'),
        cancellable: true,
      },
      (_, token) => {
        token.onCancellationRequested(() => {
          cancelled.abort();
        });
        return gateway.signedIn(instanceId, cancelled.signal).catch(() => false);
      },
    );
    if (cancelled.signal.aborted) return;
    if (!signedIn) {
      await offer(warn, vscode.l10n.t('Lingma has not reported a sign-in.'));
      return;
    }
    this.#reminder.reset();
    const left = signedOutIds(snapshotOf(this.#controller.state) ?? { instances: [] }).filter(
      (id) => id !== instanceId,
    );
    if (left.length === 0) {
      void inform(vscode.l10n.t('You are signed in to Lingma.'));
      return;
    }
    // Each process keeps a sign-in of its own.
    const text = vscode.l10n.t(
      'You are signed in on {0}, not yet on {1}.',
      instanceId,
      left.join(', '),
    );
    await offer(inform, text);
  }

  async #remind(): Promise<void> {
    if (this.#reminding || this.#running) return;
    this.#reminding = true;
    const text = vscode.l10n.t('{0}: a request failed because Lingma is signed out.', displayName);
    try {
      await offer(warn, text);
    } finally {
      this.#reminding = false;
    }
  }
}

/** Says it, with the sign-in as the one thing to do about it. */
async function offer(
  say: (message: string, ...items: string[]) => Thenable<string | undefined>,
  text: string,
): Promise<void> {
  const signIn = vscode.l10n.t('Sign In');
  if ((await say(text, signIn)) === signIn) {
    await vscode.commands.executeCommand(commandIds.signIn);
  }
}

/** Opens the page as it was given; false when the user or the system would not. */
async function openPage(loginUrl: string): Promise<boolean> {
  // As a string: a Uri would decode and encode the address again, and what it carries in its query
  // would not survive that. VS Code takes both.
  const opened = await vscode.env.openExternal(loginUrl as unknown as vscode.Uri);
  if (!opened) {
    void warn(
      vscode.l10n.t('The page to sign in on was not opened. Run the command again to open it.'),
    );
  }
  return opened;
}
