import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { after, afterEach, before, describe, it } from 'mocha';
import { writeCall } from '../../src/conversation/toolBlocks';
import { HeadlessGateway } from '../support/headless';
import { removeFolder } from '../support/tempDir';

const schema = {
  type: 'object' as const,
  properties: { path: { type: 'string' }, line: { type: 'integer' } },
  required: ['path'],
};
const NAMES = ['read', 'run'];

interface Asked {
  readonly prompt: string;
  readonly choice?: 'auto' | 'required' | { readonly name: string };
  readonly parallel?: boolean;
  readonly model?: string;
  /** What was said before: an answer with calls and their results. */
  readonly before?: Said | undefined;
}

interface Said {
  readonly question: string;
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly args: unknown }[];
}

type Ask = (gateway: HeadlessGateway, asked: Asked) => Promise<Said>;

/** One way to ask, streamed with the helper of the official client, and plain. */
const DIALECTS: Readonly<Record<string, (streams: boolean) => Ask>> = {
  'Chat Completions': (streams) => async (gateway, asked) => {
    const { choice = 'auto', before: earlier } = asked;
    const body = {
      model: asked.model ?? 'org_auto',
      messages: [
        ...(earlier
          ? [
              { role: 'user' as const, content: earlier.question },
              {
                role: 'assistant' as const,
                content: earlier.text,
                tool_calls: earlier.calls.map(({ name, args }, index) => ({
                  id: `c${index}`,
                  type: 'function' as const,
                  function: { name, arguments: JSON.stringify(args) },
                })),
              },
              ...earlier.calls.map((_, index) => ({
                role: 'tool' as const,
                tool_call_id: `c${index}`,
                content: `result ${index}`,
              })),
            ]
          : []),
        { role: 'user' as const, content: asked.prompt },
      ],
      tools: NAMES.map((name) => ({
        type: 'function' as const,
        function: { name, parameters: schema },
      })),
      tool_choice:
        typeof choice === 'string'
          ? choice
          : ({ type: 'function', function: { name: choice.name } } as const),
      parallel_tool_calls: asked.parallel ?? true,
    };
    const api = gateway.openai().chat.completions;
    const { choices } = streams
      ? await api.stream(body).finalChatCompletion()
      : await api.create(body);
    const [answer] = choices;
    assert.ok(answer);
    const calls = (answer.message.tool_calls ?? []).map((call) => {
      assert.equal(call.type, 'function');
      return { name: call.function.name, args: JSON.parse(call.function.arguments) as unknown };
    });
    assert.equal(answer.finish_reason, calls.length > 0 ? 'tool_calls' : 'stop');
    return { question: asked.prompt, text: answer.message.content ?? '', calls };
  },
  Responses: (streams) => async (gateway, asked) => {
    const { choice = 'auto', before: earlier } = asked;
    const body = {
      model: asked.model ?? 'org_auto',
      input: [
        ...(earlier
          ? [
              { role: 'user' as const, content: earlier.question },
              ...(earlier.text ? [{ role: 'assistant' as const, content: earlier.text }] : []),
              ...earlier.calls.map(({ name, args }, index) => ({
                type: 'function_call' as const,
                call_id: `c${index}`,
                name,
                arguments: JSON.stringify(args),
              })),
              ...earlier.calls.map((_, index) => ({
                type: 'function_call_output' as const,
                call_id: `c${index}`,
                output: `result ${index}`,
              })),
            ]
          : []),
        { role: 'user' as const, content: asked.prompt },
      ],
      tools: NAMES.map((name) => ({
        type: 'function' as const,
        name,
        parameters: schema,
        strict: false,
      })),
      tool_choice:
        typeof choice === 'string' ? choice : ({ type: 'function', name: choice.name } as const),
      parallel_tool_calls: asked.parallel ?? true,
    };
    const api = gateway.openai().responses;
    const response = streams ? await api.stream(body).finalResponse() : await api.create(body);
    if (response.status !== 'completed') throw new Error(JSON.stringify(response.error));
    const calls = response.output.flatMap((item) =>
      item.type === 'function_call'
        ? [{ name: item.name, args: JSON.parse(item.arguments) as unknown }]
        : [],
    );
    return { question: asked.prompt, text: response.output_text, calls };
  },
  Messages: (streams) => async (gateway, asked) => {
    const { choice = 'auto', before: earlier } = asked;
    const oneAtATime = { disable_parallel_tool_use: !(asked.parallel ?? true) };
    const body = {
      model: asked.model ?? 'org_auto',
      max_tokens: 16_000,
      messages: [
        ...(earlier
          ? [
              { role: 'user' as const, content: earlier.question },
              {
                role: 'assistant' as const,
                content: [
                  ...(earlier.text ? [{ type: 'text' as const, text: earlier.text }] : []),
                  ...earlier.calls.map(({ name, args }, index) => ({
                    type: 'tool_use' as const,
                    id: `c${index}`,
                    name,
                    input: args,
                  })),
                ],
              },
              {
                role: 'user' as const,
                content: earlier.calls.map((_, index) => ({
                  type: 'tool_result' as const,
                  tool_use_id: `c${index}`,
                  content: `result ${index}`,
                })),
              },
            ]
          : []),
        { role: 'user' as const, content: asked.prompt },
      ],
      tools: NAMES.map((name) => ({ name, input_schema: schema })),
      tool_choice:
        choice === 'required'
          ? { type: 'any' as const, ...oneAtATime }
          : choice === 'auto'
            ? { type: 'auto' as const, ...oneAtATime }
            : { type: 'tool' as const, name: choice.name, ...oneAtATime },
    };
    const client = new Anthropic({
      baseURL: gateway.baseUrl,
      apiKey: gateway.apiKey,
      maxRetries: 0,
    });
    const message = streams
      ? await client.messages.stream(body).finalMessage()
      : await client.messages.create(body);
    const calls = message.content.flatMap((block) =>
      block.type === 'tool_use' ? [{ name: block.name, args: block.input }] : [],
    );
    assert.equal(message.stop_reason, calls.length > 0 ? 'tool_use' : 'end_turn');
    const text = message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
    return { question: asked.prompt, text, calls };
  },
};

const answered = (text: string): string => `please\nDEMO:echo-json ${JSON.stringify(text)}`;
const read = (args: object): string => writeCall('read', JSON.stringify(args));

describe('headless: calls are right before a client sees them', () => {
  const scratch = mkdtempSync(path.join(tmpdir(), 'lingma-test-'));
  const answers = path.join(scratch, 'answers.json');
  let gateway: HeadlessGateway;

  /** Every kind of repair, each as often as it is asked for below. */
  const book = [
    { match: 'required property "path"', answer: `Sorry.\n${read({ path: 'mended' })}` },
    { match: 'type "string" is invalid', answer: read({ path: 1, line: 'again' }) },
    { match: 'holds several calls', answer: read({ path: 'only' }) },
    { match: 'calls no tool', answer: read({ path: 'after all' }) },
    { match: 'the tool to call is run', answer: writeCall('run', '{"path":"chosen"}') },
  ];
  const rounds = Object.keys(DIALECTS).length * 2;

  before(async () => {
    writeFileSync(answers, JSON.stringify(Array.from({ length: 2 * rounds }, () => book).flat()));
    gateway = await HeadlessGateway.launch({
      env: { DEMO_LINGMA_ANSWERS: answers, DEMO_LINGMA_DELTA_CHARS: '3' },
    });
  });
  afterEach(() => {
    assert.deepEqual(gateway.upstreamProblems(), []);
  });
  after(async () => {
    await gateway.stop();
    await removeFolder(scratch);
  });

  const asksSince = (count: number): Record<string, unknown>[] =>
    gateway.upstream('chat/ask').slice(count);

  for (const [dialect, asker] of Object.entries(DIALECTS)) {
    for (const streams of [true, false]) {
      describe(`${dialect}, ${streams ? 'streamed' : 'plain'}`, () => {
        const ask = asker(streams);

        it('passes on calls of other forms, parallel ones in order, large ones whole', async () => {
          const path = `${'long é你🙂 '.repeat(900)}end`;
          const said = await ask(gateway, {
            prompt: answered(
              `Two.\n<tool_call>\n<function=read>\n<parameter=path>\n${path}\n</parameter>\n<parameter=line>\n3\n</parameter>\n</function>\n</tool_call>\n[tool_calls] [{"name":"run","arguments":{"path":"b"}}]`,
            ),
          });
          assert.equal(said.text.trim(), 'Two.');
          assert.deepEqual(said.calls, [
            { name: 'read', args: { path, line: 3 } },
            { name: 'run', args: { path: 'b' } },
          ]);
        });

        it('has a call that does not fit its schema written again, in its place', async () => {
          const count = asksSince(0).length;
          const prompt = answered(
            `Three.\n${read({ path: 'a' })}\n${read({ line: 2 })}\n${writeCall('run', '{"path":"c"}')}\nThat is all.`,
          );
          const said = await ask(gateway, { prompt });
          assert.deepEqual(said.calls, [
            { name: 'read', args: { path: 'a' } },
            { name: 'read', args: { path: 'mended' } },
            { name: 'run', args: { path: 'c' } },
          ]);
          assert.match(said.text, /^Three\.\s+That is all\.$/);

          const [first, repair] = asksSince(count);
          assert.equal(first?.['isReply'], false);
          assert.equal(repair?.['isReply'], true);
          assert.match(String(repair['questionText']), /call 2, of read:[^]*"required":\["path"\]/);

          // What the session holds is not what the client says next, so nobody continues it.
          await ask(gateway, { prompt: answered('Good.'), before: said });
          const [next] = asksSince(count + 2);
          assert.equal(next?.['isReply'], false);
          assert.ok(String(next['questionText']).includes('"mended"'));
          const deleted = gateway.upstream('chat/deleteSessionById');
          assert.ok(JSON.stringify(deleted).includes(String(repair['sessionId'])));
        });

        it('is an error when the second try is no better, and the session is not used again', async () => {
          const count = asksSince(0).length;
          const bad = read({ path: 'a', line: 'x' });
          await assert.rejects(
            ask(gateway, { prompt: answered(bad) }),
            (error: Error & { status?: number }) => {
              assert.match(error.message, /upstream_invalid_tool_call|not even when asked again/);
              // Nothing had been sent, so even a stream says it with its status.
              assert.equal(error.status, 502);
              return true;
            },
          );
          assert.equal(asksSince(count).length, 2);
        });

        if (streams) {
          it('is the stream’s own error when text has gone out', async () => {
            const bad = `Reading.\n${read({ path: 'a', line: 'x' })}`;
            await assert.rejects(
              ask(gateway, { prompt: answered(bad) }),
              /not even when asked again/,
            );
          });
        }

        it('has one call chosen where only one is allowed', async () => {
          const said = await ask(gateway, {
            prompt: answered(`${read({ path: 'a' })}\n${writeCall('run', '{"path":"b"}')}`),
            parallel: false,
          });
          assert.deepEqual(said.calls, [{ name: 'read', args: { path: 'only' } }]);
          const one = await ask(gateway, {
            prompt: answered(read({ path: 'a' })),
            parallel: false,
          });
          assert.deepEqual(one.calls, [{ name: 'read', args: { path: 'a' } }]);
        });

        it('has a call made where one must be, and the right one', async () => {
          const text = 'I would rather talk.';
          const required = await ask(gateway, { prompt: answered(text), choice: 'required' });
          assert.deepEqual(required.calls, [{ name: 'read', args: { path: 'after all' } }]);
          assert.equal(required.text, text);
          const named = await ask(gateway, {
            prompt: answered(read({ path: 'a' })),
            choice: { name: 'run' },
          });
          assert.deepEqual(named.calls, [{ name: 'run', args: { path: 'chosen' } }]);
        });

        it('hands over a call that the agent makes itself, and runs nothing', async () => {
          const count = asksSince(0).length;
          const said = await ask(gateway, {
            prompt: 'go\nDEMO:echo never shown\nDEMO:tool run {"path":"native"}',
            model: 'org_auto@agent',
          });
          assert.deepEqual(said.calls, [{ name: 'run', args: { path: 'native' } }]);
          assert.equal(said.text, '');
          const [asked] = asksSince(count);
          assert.equal(asked?.['mode'], 'agent');
          assert.deepEqual(
            (asked['tools'] as { function: { name: string } }[]).map((tool) => tool.function.name),
            NAMES,
          );
          const next = await ask(gateway, { prompt: answered('Good.'), before: said });
          assert.equal(next.text, 'Good.');
          assert.equal(asksSince(count)[1]?.['isReply'], false);
        });

        it('refuses a tool of the process itself and goes on', async () => {
          const said = await ask(gateway, {
            prompt: 'go\nDEMO:tool run_in_terminal {"command":"x"}\nDEMO:echo went on',
            model: 'org_auto@agent',
          });
          assert.deepEqual([said.text, said.calls], ['went on', []]);
        });
      });
    }
  }

  it('tells the model of a result that is an error, which makes it another conversation', async () => {
    const client = new Anthropic({ baseURL: gateway.baseUrl, apiKey: gateway.apiKey });
    const turn = (prompt: string, is_error: boolean) =>
      client.messages.create({
        model: 'org_auto',
        max_tokens: 1000,
        messages: [
          { role: 'user', content: 'begin' },
          { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'read', input: {} }] },
          {
            role: 'user',
            content: [
              { type: 'tool_result', tool_use_id: 't', content: 'no such file', is_error },
              { type: 'text', text: prompt },
            ],
          },
        ],
      });
    await turn(answered('so it failed'), true);
    const [failed] = gateway.upstream('chat/ask').slice(-1);
    assert.match(
      String(failed?.['questionText']),
      /\[Result of read, call 1, failed\]\nno such file/,
    );
    await turn(answered('so it went well'), false);
    const [well] = gateway.upstream('chat/ask').slice(-1);
    assert.match(String(well?.['questionText']), /\[Result of read, call 1\]\nno such file/);
  });
});
