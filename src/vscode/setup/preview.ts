/** Texts to look at: read-only documents of the extension's own, gone when they are closed. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable';
import { contextKeys, previewScheme } from '../ids';
import { inform } from '../notify';

/** Reports that can still be read in a preview that is open. */
const MAX_REPORTS = 10;

/** A change that the user is asked about while looking at it. */
export interface Review {
  readonly title: string;
  /** Only names the texts and tells their language. */
  readonly path: string;
  readonly left: string;
  readonly right: string;
  readonly question: string;
  /** The answer that agrees, which the button in the editor's title gives as well. */
  readonly accept: string;
  /** Further answers, of the notification only. */
  readonly others: readonly string[];
  /** What a notification does whose change has been answered elsewhere in the meantime. */
  readonly again: () => void;
}

/** The text without the gateway's key: what is shown may be on a screen that others see. */
export function maskKey(text: string, key: string | undefined): string {
  return key ? text.replaceAll(key, '••••••••') : text;
}

export class Preview implements vscode.TextDocumentContentProvider, Disposable {
  readonly #store = new DisposableStore();
  readonly #texts = new Map<string, string>();
  /** Reports, the latest last. */
  readonly #reports: string[] = [];
  #count = 0;
  /** Answers the review that is open. */
  #answer: ((accepted: boolean) => void) | undefined;

  constructor() {
    this.#store.add(vscode.workspace.registerTextDocumentContentProvider(previewScheme, this));
    this.#store.add(
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        const key = uri.toString();
        // VS Code closes a document that no editor shows, and its preview reads it again later.
        if (uri.scheme === previewScheme && !this.#reports.includes(key)) this.#texts.delete(key);
      }),
    );
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? '';
  }

  /**
   * Shows both texts side by side and asks: with a notification, which leaves the change in sight,
   * and with buttons in the editor's title, which stay when the notification goes by itself.
   * Resolves with the answer; undefined when the user closed the comparison or discarded it.
   */
  async review(review: Review): Promise<string | undefined> {
    this.#answer?.(false);
    const before = this.#add(review.path, review.left);
    const after = this.#add(review.path, review.right);
    const open = new DisposableStore();
    const { promise, settle } = firstAnswer();
    const answer = (accepted: boolean): void => {
      settle(accepted ? review.accept : undefined);
    };
    this.#answer = answer;
    try {
      let shown = false;
      // From before it is there: the user may close it before the command that shows it has ended.
      open.add(
        vscode.window.tabGroups.onDidChangeTabs(() => {
          const isThere = tabsOf(after).length > 0;
          if (shown && !isThere) settle(undefined);
          shown ||= isThere;
        }),
      );
      await vscode.commands.executeCommand('vscode.diff', before, after, review.title, {
        preview: false,
      } satisfies vscode.TextDocumentShowOptions);
      await setReviewing(true);
      void inform(review.question, review.accept, ...review.others).then((choice) => {
        // Who closes the notification has not decided yet: the buttons are still there.
        if (choice !== undefined && !settle(choice)) review.again();
      });
      return await promise;
    } finally {
      open.dispose();
      if (this.#answer === answer) {
        this.#answer = undefined;
        await setReviewing(false);
      }
      await vscode.window.tabGroups.close(tabsOf(after));
    }
  }

  /** The buttons in the title of a comparison; without one they do nothing. */
  answer(accepted: boolean): void {
    this.#answer?.(accepted);
  }

  /** Shows Markdown as it reads. */
  async markdown(name: string, text: string): Promise<void> {
    const uri = this.#add(`${name}.md`, text);
    this.#reports.push(uri.toString());
    if (this.#reports.length > MAX_REPORTS) this.#texts.delete(this.#reports.shift() ?? '');
    // The preview reads the document, which has to be open for that.
    await vscode.workspace.openTextDocument(uri);
    await vscode.commands.executeCommand('markdown.showPreview', uri);
  }

  /** Shows data as JSON. */
  async json(name: string, data: unknown): Promise<void> {
    const uri = this.#add(`${name}.json`, `${JSON.stringify(data, null, 2)}\n`);
    await vscode.window.showTextDocument(uri, { preview: false });
  }

  dispose(): void {
    this.#store.dispose();
  }

  #add(path: string, text: string): vscode.Uri {
    const uri = vscode.Uri.from({
      scheme: previewScheme,
      path: `/${++this.#count}/${basename(path)}`,
    });
    this.#texts.set(uri.toString(), text);
    return uri;
  }
}

/** A promise of an answer, of which there can be several; `settle` is true for the one that counts. */
function firstAnswer(): {
  readonly promise: Promise<string | undefined>;
  readonly settle: (answer: string | undefined) => boolean;
} {
  let resolve: ((answer: string | undefined) => void) | undefined;
  const promise = new Promise<string | undefined>((resolvePromise) => (resolve = resolvePromise));
  return {
    promise,
    settle: (answer) => {
      const first = resolve;
      resolve = undefined;
      first?.(answer);
      return first !== undefined;
    },
  };
}

function tabsOf(modified: vscode.Uri): vscode.Tab[] {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  return tabs.filter(
    ({ input }) =>
      input instanceof vscode.TabInputTextDiff && input.modified.toString() === modified.toString(),
  );
}

async function setReviewing(on: boolean): Promise<void> {
  await vscode.commands.executeCommand('setContext', contextKeys.reviewing, on);
}
