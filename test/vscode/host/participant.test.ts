/** `@lingma` in the Chat view, asked through the view's own command. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { type Exchange, readExchange } from '../../../src/vscode/participant/conversation';
import { eventually } from '../support/eventually';
import { activityOf } from '../support/turn';
import { api, readyGateway } from './gateway';
import { changeBy, reasonOf, settledTurns } from './turns';

interface Result {
  readonly errorDetails?: { readonly message: string };
  readonly metadata?: Readonly<Record<string, unknown>>;
}

async function ask(prompt: string, more: object = {}): Promise<Result> {
  const result = await vscode.commands.executeCommand<Result | undefined>(
    'workbench.action.chat.open',
    { query: `@lingma ${prompt}`, mode: 'ask', blockOnResponse: true, ...more },
  );
  assert.ok(result, 'the Chat view has a result');
  return result;
}

/** Asks and returns what was sent and said. */
async function exchange(prompt: string, more: object = {}): Promise<Exchange> {
  const { metadata, errorDetails } = await ask(prompt, more);
  assert.equal(errorDetails, undefined);
  const found = readExchange(metadata);
  assert.ok(found, JSON.stringify(metadata));
  return found;
}

async function fileWith(name: string, content: string | Buffer): Promise<vscode.Uri> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  assert.ok(folder);
  const uri = vscode.Uri.joinPath(folder, name);
  await vscode.workspace.fs.writeFile(
    uri,
    typeof content === 'string' ? Buffer.from(content) : content,
  );
  return uri;
}

describe('@lingma', () => {
  beforeEach(async () => {
    await readyGateway();
    await vscode.commands.executeCommand('workbench.action.chat.newChat');
  });
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  it('answers, and the next question continues the session', async () => {
    const opening = 'hello\nDEMO:echo **one**';
    assert.equal(await reasonOf(() => exchange(opening)), 'new');
    const second = await changeBy(async () => {
      assert.equal((await exchange('and?\nDEMO:echo two')).answer, 'two');
    });
    assert.deepEqual(second, { reason: 'continued', messages: 3 });
  });

  it('goes on over HTTP', async () => {
    const opening = 'begun in the Chat view\nDEMO:echo in the view';
    await exchange(opening);
    const { baseUrl, apiKey } = await readyGateway();
    const response = await fetch(`${baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'org_auto',
        messages: [
          { role: 'user', content: opening },
          { role: 'assistant', content: 'in the view' },
          { role: 'user', content: 'DEMO:echo over HTTP' },
        ],
      }),
    });
    assert.equal(response.status, 200, await response.text());
    assert.match(response.headers.get('x-lingma-session') ?? '', /^continued; .*sent=1\/3/);
  });

  it('keeps what the commands say out of the conversation', async () => {
    await exchange('first\nDEMO:echo 1');
    await ask('/status');
    await ask('/model');
    const next = await changeBy(() => exchange('second\nDEMO:echo 2'));
    assert.deepEqual(next, { reason: 'continued', messages: 3 });
  });

  it('begins anew with /new, also with a question behind it', async () => {
    await exchange('first\nDEMO:echo 1');
    await ask('/new');
    const fresh = await changeBy(() => exchange('afresh\nDEMO:echo 2'));
    assert.deepEqual(fresh, { reason: 'new', messages: 1 });
    const again = await changeBy(() => exchange('/new and again\nDEMO:echo 3'));
    assert.deepEqual(again, { reason: 'new', messages: 1 });
    const on = await changeBy(() => exchange('on\nDEMO:echo 4'));
    assert.deepEqual(on, { reason: 'continued', messages: 3 });
  });

  it('answers by the model that /model names, from then on', async () => {
    await exchange('who are you?\nDEMO:echo 1');
    const [, other] = await (await api()).models();
    assert.ok(other);
    await ask(`/model ${other.name}`);
    // Another model has never seen this conversation.
    const changed = await changeBy(() => exchange('and you?\nDEMO:echo 2'));
    assert.deepEqual(changed, { reason: 'new', messages: 3 });
    assert.equal(await reasonOf(() => exchange('still?\nDEMO:echo 3')), 'continued');
    await ask('/model org_auto');
  });

  it('reads attached files, and goes on although they change', async () => {
    const file = await fileWith('attached.ts', 'export const answer = 42;\n');
    const { user } = await exchange('what is it?\nDEMO:echo 42', { attachFiles: [file] });
    assert.match(
      user,
      /^Attached:\n\nFile attached\.ts:\n```\w*\nexport const answer = 42;\n```\n/,
    );
    assert.match(user, /\n\nwhat is it\?\nDEMO:echo 42$/);
    await fileWith('attached.ts', 'export const answer = 43;\n');
    assert.equal(await reasonOf(() => exchange('sure?\nDEMO:echo yes')), 'continued');
  });

  it('reads the selection of the active editor', async () => {
    const uri = await fileWith('selected.py', 'a = 1\nb = 2\nc = 3\n');
    const editor = await vscode.window.showTextDocument(uri);
    editor.selection = new vscode.Selection(1, 0, 2, 5);
    const { user } = await exchange('explain\nDEMO:echo fine');
    assert.match(user, /File selected\.py, lines 2 to 3:\n```python\nb = 2\nc = 3\n```/);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    assert.equal(await reasonOf(() => exchange('more\nDEMO:echo more')), 'continued');
  });

  it('sees attached pictures, and goes on with them', async () => {
    // By its name VS Code would take it for a picture, and make one of its own in its own time.
    const uri = await fileWith('dot.data', PNG);
    const { user, pictures } = await exchange('look\nDEMO:echo a dot', { attachFiles: [uri] });
    assert.equal(user, 'look\nDEMO:echo a dot');
    assert.equal(pictures.length, 1);
    assert.equal(await reasonOf(() => exchange('colour?\nDEMO:echo red')), 'continued');
  });

  it('tells what went wrong, and leaves the failed question out of what follows', async () => {
    await exchange('first\nDEMO:echo 1');
    const { errorDetails } = await ask('x\nDEMO:status 429 too many');
    assert.match(errorDetails?.message ?? '', /too many/);
    assert.equal((await changeBy(() => exchange('second\nDEMO:echo 2'))).messages, 3);
  });

  it('starts the gateway when it is asked something', async () => {
    await vscode.commands.executeCommand('lingmaGateway.stop');
    assert.equal((await exchange('are you there?\nDEMO:echo yes')).answer, 'yes');
    assert.equal((await api()).state.kind, 'ready');
  });

  it('stops when the request is cancelled, and remembers what it said until then', async () => {
    const gateway = await api();
    const { cancelled } = await settledTurns(gateway);
    const endpoint = await readyGateway();
    const running = ask('count\nDEMO:gap 50\nDEMO:words 2000');
    await eventually('the answer has begun', async () => {
      const { requests } = await activityOf(endpoint);
      return requests[0]?.state === 'streaming' || undefined;
    });
    // Until the Chat view has something of it as well.
    await new Promise((resolve) => setTimeout(resolve, 500));
    await vscode.commands.executeCommand('workbench.action.chat.cancel');
    await running;
    await eventually('the turn is cancelled', () => {
      return gateway.stats()?.turns.cancelled === cancelled + 1 || undefined;
    });
    assert.equal((await changeBy(() => exchange('go on\nDEMO:echo on'))).messages, 3);
  });
});

/** One red pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC',
  'base64',
);
