/** Parts that need VS Code at run time, with as little in its place as they use. */
import assert from 'node:assert/strict';
import Module from 'node:module';
import type { ExtensionContext } from 'vscode';
import type { ChatProvider as Provider } from '../../../src/vscode/chatProvider';
import type { Participant as Mind } from '../../../src/vscode/participant/participant';
import { snapshot } from './support';

interface Loader {
  _load(request: string, ...rest: unknown[]): unknown;
}

/** Imports with this in the place of `vscode`, in the modules that are loaded for the first time. */
async function importWith<T>(vscode: object, load: () => Promise<T>): Promise<T> {
  const loader = Module as unknown as Loader;
  const real = loader._load.bind(loader);
  loader._load = (request, ...rest) => (request === 'vscode' ? vscode : real(request, ...rest));
  try {
    return await load();
  } finally {
    loader._load = real;
  }
}

/** A function, class and object at once, which knows some members and makes up all others. */
function anything(known: Readonly<Record<PropertyKey, unknown>> = {}): object {
  return new Proxy(
    function () {
      // Never called itself: the proxy answers.
    },
    {
      get: (_, name) => {
        if (Object.hasOwn(known, name)) return known[name];
        if (name === 'then') return undefined;
        if (name === Symbol.toPrimitive) return () => '';
        return anything();
      },
      set: () => true,
      apply: () => anything(),
      construct: () => anything(),
    },
  );
}

const nothing = () => undefined;
const disposable = { dispose: nothing };
const settings = { autoStart: false };

/** The editor of all tests, with what changes between them as members of its own. */
const vscode = Object.create(
  // Only the prototype makes things up: importing copies what a module has of its own.
  anything({
    l10n: { t: (text: string) => text },
    workspace: anything({
      getConfiguration: () => ({ get: (name: keyof typeof settings) => settings[name] }),
    }),
  }),
  // Not assigned: that would end at the prototype.
  {
    lm: { enumerable: true, writable: true },
    chat: { enumerable: true },
  },
) as { lm: unknown };
const token = { isCancellationRequested: false, onCancellationRequested: () => disposable };

describe('a gateway whose Lingma does not say which models it has', () => {
  let ChatProvider: typeof Provider;
  let Participant: typeof Mind;

  before(async () => {
    vscode.lm = { registerLanguageModelChatProvider: () => disposable };
    ({ ChatProvider } = await importWith(vscode, () => import('../../../src/vscode/chatProvider')));
    ({ Participant } = await importWith(
      vscode,
      () => import('../../../src/vscode/participant/participant'),
    ));
  });

  const controller = {
    state: { kind: 'ready', role: 'leader', snapshot: snapshot() },
    serving: { models: () => Promise.reject(new Error('no list')) },
    onDidChange: () => disposable,
  } as never;
  const memory = { get: () => [{ id: 'm', name: 'Known' }] } as never;

  it('still has the models that were known, in VS Code’s picker', async () => {
    const provider = new ChatProvider(controller, {} as never, memory);
    const listed = await provider.provideLanguageModelChatInformation({ silent: true }, token);
    assert.deepEqual(
      listed.map(({ id }) => id),
      ['m'],
    );
  });

  it('still tells its state in the chat', async () => {
    const logger = { child: () => logger, log: nothing, writes: () => false };
    const mind = new Participant({ controller, memory, logger });
    const said: string[] = [];
    const stream = { markdown: (text: string) => said.push(text), button: nothing };
    const request = { command: 'status', prompt: '', references: [] };
    const { errorDetails } = await mind.handle(
      request as never,
      { history: [] },
      stream as never,
      token,
    );
    assert.equal(errorDetails, undefined);
    assert.match(said.join(''), /Instances/);
  });
});

describe('a report that is shown', () => {
  it('can be read again for as long as its preview may be open, as changes cannot', async () => {
    const closing: ((document: object) => void)[] = [];
    const shown: { toString(): string }[] = [];
    class Uri {
      constructor(readonly parts: { readonly scheme: string; readonly path: string }) {}
      static from(parts: Uri['parts']): Uri {
        return new Uri(parts);
      }
      get scheme(): string {
        return this.parts.scheme;
      }
      toString(): string {
        return `${this.parts.scheme}:${this.parts.path}`;
      }
    }
    const editor = Object.create(
      anything({
        Uri,
        workspace: anything({
          openTextDocument: (uri: Uri) => shown.push(uri),
          onDidCloseTextDocument: (listener: (document: object) => void) => {
            closing.push(listener);
            return disposable;
          },
        }),
      }),
    ) as object;
    const { Preview } = await importWith(editor, () => import('../../../src/vscode/setup/preview'));
    const preview = new Preview();
    for (let count = 1; count <= 12; count++) await preview.markdown('report', `text ${count}`);
    for (const uri of shown) for (const close of closing) close({ uri });
    const read = shown.map((uri) => preview.provideTextDocumentContent(uri as never));
    assert.deepEqual(read.slice(0, 4), ['', '', 'text 3', 'text 4']);
    assert.equal(read[11], 'text 12');
    preview.dispose();
  });
});

describe('activation', () => {
  async function activated() {
    const { activate } = await importWith(vscode, () => import('../../../src/extension'));
    const subscriptions: { dispose(): void }[] = [];
    const context = anything({ subscriptions, extensionPath: '/nowhere' });
    const exports = activate(context as ExtensionContext);
    for (const subscription of subscriptions) subscription.dispose();
    return exports.getAPI(1).state.kind;
  }

  it('goes on in an editor without chat and language models', async () => {
    vscode.lm = undefined;
    assert.equal(await activated(), 'stopped');
  });

  it('goes on in an editor that takes no language models', async () => {
    const registerLanguageModelChatProvider = (): never => {
      throw new Error('not supported here');
    };
    vscode.lm = { registerLanguageModelChatProvider };
    assert.equal(await activated(), 'stopped');
  });
});
