/** Notifications with a moving bar, for what the user has asked for and has to wait for. */
import * as vscode from 'vscode';

/** What is done sooner needs no word. */
export const PATIENCE_MS = 1_000;

/**
 * Shows `title` until `work` settles, if that takes longer than a moment; resolves as `work` does.
 *
 * @param onCancel Offers a button to cancel, and is called when it is pressed.
 */
export async function withPatience<T>(
  work: Promise<T>,
  title: string,
  onCancel: () => void,
): Promise<T> {
  const timer = setTimeout(() => {
    void vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      (_, token) => {
        token.onCancellationRequested(onCancel);
        return work.catch(() => undefined);
      },
    );
  }, PATIENCE_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Shows that an instance finishes its turns; the result ends it. Every window hears of a drain, and
 * one of them is enough: the one the user looks at.
 */
export function showDrain(instanceId: string): () => void {
  let end = (): void => undefined;
  if (!vscode.window.state.focused) return end;
  const done = new Promise<void>((resolve) => (end = resolve));
  const title = vscode.l10n.t('{0} finishes its turns, then it gets a new process', instanceId);
  void vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title },
    () => done,
  );
  return end;
}
