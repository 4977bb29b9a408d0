/** Lingma's models as VS Code's chat and other extensions see them, and as HTTP clients go on. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { writeCall } from '../../../src/conversation/toolBlocks';
import { api, readyGateway } from './gateway';
import { reasonOf, settledTurns } from './turns';
import type { Endpoint } from '../support/conversation';
import { eventually } from '../support/eventually';

type Content<Part> = string | Part[];
const User = (
  content: Content<vscode.LanguageModelTextPart | vscode.LanguageModelToolResultPart>,
) => vscode.LanguageModelChatMessage.User(content);
const Assistant = (
  content: Content<vscode.LanguageModelTextPart | vscode.LanguageModelToolCallPart>,
) => vscode.LanguageModelChatMessage.Assistant(content);
const model = 'org_auto';

const tool: vscode.LanguageModelChatTool = {
  name: 'read_file',
  description: 'Reads a file.',
  inputSchema: { type: 'object', properties: { path: { type: 'string' } } },
};

/** Waits for the models: VS Code asks for them again in its own time after a start. */
async function lingmaModel(): Promise<vscode.LanguageModelChat> {
  await readyGateway();
  return eventually('the models are there', async () => {
    const [found] = await vscode.lm.selectChatModels({ vendor: 'lingma', id: model });
    return found;
  });
}

/** Stable only after the version whose types these tests are checked against. */
const { LanguageModelDataPart: DataPart } = vscode as unknown as {
  readonly LanguageModelDataPart: new (data: Uint8Array, mimeType: string) => object;
};

/** One red pixel. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC',
  'base64',
);

/** 800 × 800 black pixels; above 768 VS Code makes a smaller PNG of a picture. */
function largeBmp(): Buffer {
  const [side, bytesOfLine, headers] = [800, 100, 62];
  const bmp = Buffer.alloc(headers + side * bytesOfLine);
  bmp.write('BM');
  bmp.writeUInt32LE(bmp.length, 2);
  bmp.writeUInt32LE(headers, 10);
  bmp.writeUInt32LE(40, 14);
  bmp.writeInt32LE(side, 18);
  bmp.writeInt32LE(side, 22);
  bmp.writeUInt16LE(1, 26);
  bmp.writeUInt16LE(1, 28);
  return bmp;
}

function withPicture(data: Uint8Array, mimeType: string): vscode.LanguageModelChatMessage {
  const message = User('look\nDEMO:echo a picture');
  message.content.unshift(new DataPart(data, mimeType) as vscode.LanguageModelTextPart);
  return message;
}

interface Said {
  /** The text as it came, and as a whole. */
  readonly texts: string[];
  readonly text: string;
  readonly calls: vscode.LanguageModelToolCallPart[];
  readonly others: unknown[];
}

async function say(
  messages: vscode.LanguageModelChatMessage[],
  options: vscode.LanguageModelChatRequestOptions = {},
): Promise<Said> {
  const response = await (await lingmaModel()).sendRequest(messages, options);
  const texts: string[] = [];
  const calls: vscode.LanguageModelToolCallPart[] = [];
  const others: unknown[] = [];
  for await (const part of response.stream) {
    if (part instanceof vscode.LanguageModelTextPart) texts.push(part.value);
    else if (part instanceof vscode.LanguageModelToolCallPart) calls.push(part);
    else others.push(part);
  }
  return { texts, text: texts.join(''), calls, others };
}

async function post({ baseUrl, apiKey }: Endpoint, path: string, body: object) {
  const response = await fetch(`${baseUrl}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, ...body }),
  });
  const answer = await response.text();
  assert.equal(response.status, 200, answer);
  return { answer, session: response.headers.get('x-lingma-session') ?? '' };
}

/** What the promise rejects with. */
async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
  assert.fail('it did not fail');
}

const turn = (role: 'user' | 'assistant', content: string) => ({ role, content });

describe('Lingma’s models in VS Code', () => {
  it('are those that HTTP clients are told of', async () => {
    const { baseUrl, apiKey } = await readyGateway();
    await lingmaModel();
    const models = await vscode.lm.selectChatModels({ vendor: 'lingma' });
    const response = await fetch(`${baseUrl}/v1/models`, {
      headers: { authorization: `Bearer ${apiKey}` },
    });
    const { data } = (await response.json()) as { data: { id: string }[] };
    // Beside the models, HTTP clients are offered names that stand for one of them.
    const ids = data.map(({ id }) => id).filter((id) => id !== 'lingma-agent');
    assert.deepEqual(models.map(({ id }) => id).sort(), ids.sort());
    for (const { vendor, name, family, maxInputTokens } of models) {
      assert.equal(vendor, 'lingma');
      assert.ok(name && family);
      assert.ok(maxInputTokens > 1000);
    }
  });

  it('stream, and the second turn continues the session', async () => {
    const question = User('turn by turn\nDEMO:gap 20\nDEMO:words 12');
    const first = await say([question]);
    assert.ok(first.texts.length > 1, `an answer in ${first.texts.length} parts is no stream`);
    const reason = await reasonOf(async () => {
      const second = await say([question, Assistant(first.text), User('DEMO:echo the second')]);
      assert.equal(second.text, 'the second');
    });
    assert.equal(reason, 'continued');
  });

  it('take an answer back in the pieces it came in', async () => {
    const question = User('in pieces, please\nDEMO:gap 20\nDEMO:words 12');
    const first = await say([question]);
    const pieces = Assistant(first.texts.map((text) => new vscode.LanguageModelTextPart(text)));
    assert.equal(await reasonOf(() => say([question, pieces, User('go on')])), 'continued');
  });

  it('go on with a conversation that began over Chat Completions', async () => {
    const endpoint = await readyGateway();
    const begun = await post(endpoint, '/v1/chat/completions', {
      messages: [turn('user', 'begun over HTTP\nDEMO:echo over HTTP')],
    });
    assert.match(begun.session, /^new/);
    const history = [User('begun over HTTP\nDEMO:echo over HTTP'), Assistant('over HTTP')];
    const reason = await reasonOf(async () => {
      const { text } = await say([...history, User('DEMO:echo in VS Code')]);
      assert.equal(text, 'in VS Code');
    });
    assert.equal(reason, 'continued');
  });

  it('begin conversations that go on over every HTTP dialect, and come back', async () => {
    const endpoint = await readyGateway();
    const opening = 'begun in VS Code\nDEMO:echo one';
    assert.equal(await reasonOf(() => say([User(opening)])), 'new');
    const history = [turn('user', opening), turn('assistant', 'one')];
    const goOn = async (path: string, body: (messages: object[]) => object, answer: string) => {
      history.push(turn('user', `DEMO:echo ${answer}`));
      const { session, answer: text } = await post(endpoint, path, body(history));
      assert.match(session, new RegExp(`^continued; .*sent=1/${history.length}`), path);
      assert.ok(text.includes(answer));
      history.push(turn('assistant', answer));
    };
    await goOn('/v1/messages', (messages) => ({ messages, max_tokens: 1000 }), 'two');
    await goOn('/v1/responses', (input) => ({ input, store: false }), 'three');
    await goOn('/v1/chat/completions', (messages) => ({ messages }), 'four');
    const back = history.map(({ role, content }) =>
      role === 'user' ? User(content) : Assistant(content),
    );
    assert.equal(await reasonOf(() => say([...back, User('DEMO:echo five')])), 'continued');
  });

  it('call tools, and go on with their results, here and over HTTP', async () => {
    const block = writeCall('read_file', '{"path": "/tmp/ä", "n": 1}');
    const opening = `read it\nDEMO:echo-json ${JSON.stringify(`I look.\n${block}`)}`;
    const first = await say([User(opening)], { tools: [tool] });
    assert.equal(first.text.trim(), 'I look.');
    const [call] = first.calls;
    assert.ok(call);
    assert.equal(first.calls.length, 1);
    assert.deepEqual([call.name, call.input], ['read_file', { path: '/tmp/ä', n: 1 }]);

    const result = 'its content\nDEMO:echo read';
    const messages = [
      User(opening),
      Assistant([new vscode.LanguageModelTextPart(first.text), call]),
      User([
        new vscode.LanguageModelToolResultPart(call.callId, [
          new vscode.LanguageModelTextPart(result),
        ]),
      ]),
    ];
    const reason = await reasonOf(async () => {
      const second = await say(messages, { tools: [tool] });
      assert.deepEqual([second.text, second.calls], ['read', []]);
    });
    assert.equal(reason, 'continued');

    const { session } = await post(await readyGateway(), '/v1/chat/completions', {
      tools: [
        {
          type: 'function',
          function: {
            name: tool.name,
            description: tool.description,
            parameters: tool.inputSchema,
          },
        },
      ],
      messages: [
        turn('user', opening),
        {
          role: 'assistant',
          content: 'I look.',
          tool_calls: [
            {
              id: 'x',
              type: 'function',
              function: { name: 'read_file', arguments: '{"n":1,"path":"/tmp/ä"}' },
            },
          ],
        },
        { role: 'tool', tool_call_id: 'x', content: result },
        turn('assistant', 'read'),
        turn('user', 'thanks'),
      ],
    });
    assert.match(session, /^continued; .*sent=1\/5/);
  });

  it('see pictures, and go on with them over HTTP', async () => {
    const { text } = await say([withPicture(png, 'image/png')]);
    assert.equal(text, 'a picture');

    const url = `data:image/png;base64,${png.toString('base64')}`;
    const { session } = await post(await readyGateway(), '/v1/chat/completions', {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url } },
            { type: 'text', text: 'look\nDEMO:echo a picture' },
          ],
        },
        turn('assistant', 'a picture'),
        turn('user', 'which colour?'),
      ],
    });
    assert.match(session, /^continued; .*sent=1\/3/);
  });

  it('see pictures that VS Code makes smaller first', async () => {
    assert.equal((await say([withPicture(largeBmp(), 'image/bmp')])).text, 'a picture');
  });

  it('are told when a tool must be called', async () => {
    const toolMode = vscode.LanguageModelChatToolMode.Required;
    // The demo calls none, which is an answer only where none had to be called.
    await assert.rejects(say([User('who are you?')], { tools: [tool], toolMode }), /call/);
    const { text } = await say([User('who are you?')], { tools: [tool] });
    assert.match(text, /who are you/);
  });

  it('show their thoughts beside the answer, and do not take them back', async () => {
    const question = User('DEMO:think a secret thought\nDEMO:echo said aloud');
    const { text, others } = await say([question]);
    assert.equal(text, 'said aloud');
    const thought = others.map((part) => (part as { value?: unknown }).value).join('');
    assert.equal(thought, 'a secret thought');
    const whole = Assistant(text);
    whole.content.unshift(...(others as vscode.LanguageModelTextPart[]));
    assert.equal(await reasonOf(() => say([question, whole, User('go on')])), 'continued');
  });

  it('stop when the request is cancelled', async () => {
    const gateway = await api();
    const { cancelled } = await settledTurns(gateway);
    const source = new vscode.CancellationTokenSource();
    const found = await lingmaModel();
    const response = await found.sendRequest(
      [User('DEMO:gap 50\nDEMO:words 2000')],
      {},
      source.token,
    );
    const reading = (async () => {
      for await (const part of response.text) {
        assert.ok(part);
        source.cancel();
      }
    })();
    await reading.catch(() => undefined);
    await eventually('the turn is cancelled and its place is free', () => {
      const now = gateway.stats();
      return (
        (now?.turns.cancelled === cancelled + 1 && now.concurrency.inFlight === 0) || undefined
      );
    });
  });

  it('count tokens of texts and of messages', async () => {
    const found = await lingmaModel();
    const text = 'The quick brown fox jumps over the lazy dog.';
    assert.equal(await found.countTokens(text), 10);
    const message = await found.countTokens(User(text));
    assert.ok(message >= 10 && message < 20, String(message));
  });

  it('fail with what went wrong', async () => {
    const refused = await failureOf(say([User('DEMO:status 429 too many')]));
    assert.ok(refused instanceof vscode.LanguageModelError, String(refused));
    assert.equal(refused.code, vscode.LanguageModelError.Blocked('').code);

    const tsx = new vscode.LanguageModelPromptTsxPart({ node: {} });
    const result = new vscode.LanguageModelToolResultPart('a', [tsx]);
    const odd = await failureOf(say([User('x'), User([result])]));
    assert.match(describeAll(odd), /messages\[1\]\.content\[0\]\.content\[0\]/);
  });

  it('stay in the list while the gateway does not run, and a request starts it', async () => {
    const found = await lingmaModel();
    const before = await vscode.lm.selectChatModels({ vendor: 'lingma' });
    await vscode.commands.executeCommand('lingmaGateway.stop');
    const known = await vscode.lm.selectChatModels({ vendor: 'lingma' });
    assert.deepEqual(
      known.map(({ id }) => id),
      before.map(({ id }) => id),
    );
    const gateway = await api();
    assert.equal(gateway.state.kind, 'stopped', 'to list models starts nothing');
    const response = await found.sendRequest([User('DEMO:echo here again')], {});
    let text = '';
    for await (const part of response.text) text += part;
    assert.equal(text, 'here again');
    assert.equal(gateway.state.kind, 'ready');
  });

  it('end a running answer with a clear error when the gateway stops', async () => {
    const found = await lingmaModel();
    const response = await found.sendRequest([User('DEMO:gap 50\nDEMO:words 2000')], {});
    const failure = await failureOf(
      (async () => {
        let first = true;
        for await (const part of response.text) {
          assert.ok(part);
          if (first) void vscode.commands.executeCommand('lingmaGateway.stop');
          first = false;
        }
      })(),
    );
    assert.match(describeAll(failure), /The gateway is stopping/);
    await vscode.commands.executeCommand('lingmaGateway.start');
  });
});

/** The messages of an error and of its causes. */
function describeAll(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${describeAll(error.cause)}` : '';
}
