/** Answers the dialogs of the extension in the user's place; it shares the API object with us. */
import * as vscode from 'vscode';

/** What the extension has asked or said. */
export interface Said {
  readonly text: string;
  readonly buttons: readonly string[];
}

export interface Answers {
  /** For an input box; undefined closes it. */
  readonly input?: (options: vscode.InputBoxOptions) => string | undefined;
  /** The entry of a quick pick that is chosen; undefined closes it. */
  readonly pick?: (items: readonly vscode.QuickPickItem[]) => vscode.QuickPickItem | undefined;
  /** The buttons that are pressed where they are offered. */
  readonly press?: readonly string[];
}

/** Runs `action` and gives all that was said in notifications and modal dialogs meanwhile. */
export async function answering(
  { input, pick, press = [] }: Answers,
  action: (said: readonly Said[]) => Promise<void>,
): Promise<void> {
  const { window } = vscode;
  const said: Said[] = [];
  const say = (text: string, ...rest: unknown[]): Promise<string | undefined> => {
    const buttons = rest.filter((item) => typeof item === 'string');
    said.push({ text, buttons });
    return Promise.resolve(buttons.find((button) => press.includes(button)));
  };
  const inPlace = {
    showInputBox: (options: vscode.InputBoxOptions = {}) => Promise.resolve(input?.(options)),
    showQuickPick: async (
      items: readonly vscode.QuickPickItem[] | Thenable<readonly vscode.QuickPickItem[]>,
    ) => pick?.(await items),
    showInformationMessage: say,
    showWarningMessage: say,
    showErrorMessage: say,
  };
  const before = Object.fromEntries(
    Object.keys(inPlace).map((name) => [name, window[name as keyof typeof inPlace]]),
  );
  Object.assign(window, inPlace);
  try {
    await action(said);
  } finally {
    Object.assign(window, before);
  }
}
