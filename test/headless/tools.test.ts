import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type {
  ChatCompletionMessageParam,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionTool,
} from 'openai/resources/chat/completions';
import { writeCall } from '../../src/conversation/toolBlocks';
import { HeadlessGateway } from '../support/headless';

const tools: ChatCompletionTool[] = ['read_file', 'run'].map((name) => ({
  type: 'function',
  function: {
    name,
    description: `The tool ${name}.`,
    parameters: { type: 'object', properties: { value: { type: 'string' } } },
  },
}));

/** A line that makes the demo answer exactly `text`. */
const answer = (text: string): string => `DEMO:echo-json ${JSON.stringify(text)}`;

describe('headless: tool loops', () => {
  let gateway: HeadlessGateway;

  before(async () => {
    gateway = await HeadlessGateway.launch({ env: { DEMO_LINGMA_DELTA_CHARS: '3' } });
  });
  after(() => gateway.stop());

  for (const streaming of [false, true]) {
    it(`C-41 (41) continues one session through 30 steps with parallel calls, ${streaming ? 'streamed' : 'plain'}`, async () => {
      const messages: ChatCompletionMessageParam[] = [{ role: 'system', content: 'Use tools.' }];
      const asked = gateway.upstream('chat/ask').length;
      const step = (n: number): string =>
        answer(
          `Step ${n}.\n${writeCall('run', `{"value": "s${n}", "n": ${n}.0}`)}\n${writeCall('read_file', '{"b":1,"a":"你好 🙂"}')}`,
        );
      messages.push({ role: 'user', content: `begin\n${step(1)}` });
      for (let n = 1; n <= 30; n++) {
        const turn = await ask(gateway, messages, streaming);
        assert.equal(turn.finishReason, 'tool_calls');
        assert.equal(turn.content.trim(), `Step ${n}.`);
        assert.deepEqual(
          turn.calls.map(({ function: { name, arguments: json } }) => [
            name,
            JSON.parse(json) as object,
          ]),
          [
            ['run', { value: `s${n}`, n }],
            ['read_file', { b: 1, a: '你好 🙂' }],
          ],
        );
        assert.match(turn.session, n === 1 ? /^new;.*sent=2\/2/ : /^continued;.*sent=2\//);
        const next = n === 30 ? answer('All done.') : step(n + 1);
        messages.push(
          {
            role: 'assistant',
            // What clients do to an answer they send back: trim it, spell its arguments anew.
            content: turn.content.trim() || null,
            tool_calls: turn.calls.map((call, index) => ({
              ...call,
              id: `client_${n}_${index}`,
              function: {
                name: call.function.name,
                arguments: JSON.stringify(
                  reversed(JSON.parse(call.function.arguments) as object),
                  null,
                  1,
                ),
              },
            })),
          },
          { role: 'tool', tool_call_id: `client_${n}_0`, content: `ran s${n}` },
          {
            role: 'tool',
            tool_call_id: `client_${n}_1`,
            content: [{ type: 'text', text: `read ${n}\n${next}` }],
          },
        );
      }
      const last = await ask(gateway, messages, streaming);
      assert.deepEqual([last.finishReason, last.content, last.calls], ['stop', 'All done.', []]);
      assert.match(last.session, /^continued;.*sent=2\/92/);

      const asks = gateway
        .upstream('chat/ask')
        .slice(asked)
        .map(({ questionText }) => String(questionText));
      assert.equal(asks.length, 31);
      // The contract travels once; a step costs what is new, however long the loop has become.
      assert.equal(asks.filter((prompt) => prompt.includes('The tool read_file.')).length, 1);
      assert.match(
        asks[5] ?? '',
        /^\[Result of run, call 1\]\nran s5\n\n\[Result of read_file, call 2\]\nread 5\n/,
      );
      const bytes = asks.slice(1, -1).map((prompt) => Buffer.byteLength(prompt));
      assert.ok(Math.max(...bytes) < 1.5 * Math.min(...bytes), bytes.join(' '));
    });
  }

  it('C-40 (40) another tool set is another conversation', async () => {
    const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: answer('hello') }];
    await ask(gateway, messages, false);
    messages.push({ role: 'assistant', content: 'hello' }, { role: 'user', content: 'and?' });
    assert.match((await ask(gateway, messages, false, tools.slice(1))).session, /^new;/);
    assert.match((await ask(gateway, messages, false)).session, /^continued;/);
  });

  it('tool_choice is told to the model, and with "none" nothing is taken for a call', async () => {
    const block = writeCall('run', '{}');
    const create = (
      tool_choice: 'none' | 'required' | { type: 'function'; function: { name: string } },
    ) =>
      gateway.openai().chat.completions.create({
        model: 'gpt-4o',
        messages: [{ role: 'user', content: answer(block) }],
        tools,
        tool_choice,
      });
    const none = await create('none');
    assert.equal(none.choices[0]?.message.content, block);
    assert.equal(none.choices[0].message.tool_calls, undefined);
    assert.match(lastPrompt(gateway), /next message only: Answer without calling a tool\.\)/);
    await create('required');
    assert.match(lastPrompt(gateway), /next message only: Call at least one tool\.\)/);
    await create({ type: 'function', function: { name: 'run' } });
    assert.match(lastPrompt(gateway), /next message only: Call the tool run\.\)/);
    await assert.rejects(create({ type: 'function', function: { name: 'nope' } }), /400 .*"nope"/);
  });
});

interface ToolTurn {
  content: string;
  calls: ChatCompletionMessageFunctionToolCall[];
  finishReason: string | null;
  session: string;
}

async function ask(
  gateway: HeadlessGateway,
  messages: ChatCompletionMessageParam[],
  streaming: boolean,
  offered = tools,
): Promise<ToolTurn> {
  const request = { model: 'gpt-4o', messages, tools: offered };
  const session = (response: Response): string => response.headers.get('x-lingma-session') ?? '';
  if (streaming) {
    const { data, response } = await gateway
      .openai()
      .chat.completions.create({ ...request, stream: true })
      .withResponse();
    const turn: ToolTurn = {
      content: '',
      calls: [],
      finishReason: null,
      session: session(response),
    };
    for await (const chunk of data) {
      const [choice] = chunk.choices;
      turn.content += choice?.delta.content ?? '';
      for (const { index, id = '', function: call } of choice?.delta.tool_calls ?? []) {
        assert.equal(index, turn.calls.length);
        turn.calls.push({
          id,
          type: 'function',
          function: { name: call?.name ?? '', arguments: call?.arguments ?? '' },
        });
      }
      turn.finishReason = choice?.finish_reason ?? turn.finishReason;
    }
    return turn;
  }
  const { data, response } = await gateway.openai().chat.completions.create(request).withResponse();
  const [choice] = data.choices;
  return {
    content: choice?.message.content ?? '',
    calls: (choice?.message.tool_calls ?? []).filter((call) => call.type === 'function'),
    finishReason: choice?.finish_reason ?? null,
    session: session(response),
  };
}

function reversed(value: object): object {
  return Object.fromEntries(Object.entries(value).reverse());
}

function lastPrompt(gateway: HeadlessGateway): string {
  return String(gateway.upstream('chat/ask').at(-1)?.['questionText']);
}
