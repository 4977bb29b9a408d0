import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type CanonicalSink, writeCanonical } from '../../../src/conversation/canonical';
import type { TurnEvent } from '../../../src/conversation/events';
import type { Message } from '../../../src/conversation/messages';
import { writeCall } from '../../../src/conversation/toolBlocks';
import { AnswerReader, answerMessage } from '../../../src/gateway/answerReader';
import {
  type ChatMessage,
  type ChatRequest,
  countTokens,
  type PartClasses,
  toResponsePart,
  toTurnRequest,
} from '../../../src/vscode/chatMessages';
import { thrownBy } from '../../support/errors';
import { estimates } from '../../support/tokens';

/** VS Code's classes, as far as they have fields. */
class TextPart {
  constructor(readonly value: string) {}
}
class ThinkingPart {
  readonly id = undefined;
  constructor(readonly value: string) {}
}
class ToolCallPart {
  constructor(
    readonly callId: string,
    readonly name: string,
    readonly input: object,
  ) {}
}
class ToolResultPart {
  constructor(
    readonly callId: string,
    readonly content: readonly unknown[],
    readonly isError?: boolean,
  ) {}
}
class DataPart {
  constructor(
    readonly data: Uint8Array,
    readonly mimeType: string,
  ) {}
}
class PromptTsxPart {
  constructor(readonly value: object) {}
}

const isThought = (part: unknown) => part instanceof ThinkingPart;
const text = (value: string) => new TextPart(value);
const user = (...content: unknown[]): ChatMessage => ({ role: 1, content });
const assistant = (...content: unknown[]): ChatMessage => ({ role: 2, content });
const system = (...content: unknown[]): ChatMessage => ({ role: 3, content });
const bytes = (value: string) => new TextEncoder().encode(value);
const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 1, 2, 3]);

function read(messages: readonly ChatMessage[], more: Partial<ChatRequest> = {}) {
  const request = { model: 'm', messages, tools: [], toolRequired: false, ...more };
  return toTurnRequest(request, isThought);
}

const parts = (...content: unknown[]) => read([user(...content)]).messages.map((m) => m.parts);

/** What must fail, and which place it must name. */
function refusal(messages: readonly ChatMessage[]): { code: string; param: string | undefined } {
  const { code, param } = thrownBy(() => read(messages));
  return { code, param };
}

/** What a session's head is computed from. */
function canonical(message: Message): unknown[] {
  const pieces: unknown[] = [];
  const push = (piece: unknown) => pieces.push(piece);
  const sink: CanonicalSink = { mark: push, count: push, text: push };
  writeCanonical(message, sink);
  return pieces;
}

describe('chat messages of VS Code', () => {
  it('keep their order, their roles and their texts', () => {
    const { messages } = read([
      system(text('Be brief.')),
      user(text('one'), text('two')),
      assistant(text('thr'), text('ee')),
      user(text('four')),
    ]);
    assert.deepEqual(messages, [
      { role: 'system', parts: [{ type: 'text', text: 'Be brief.' }], path: 'messages[0]' },
      {
        role: 'user',
        parts: [
          { type: 'text', text: 'one' },
          { type: 'text', text: 'two' },
        ],
        path: 'messages[1]',
      },
      // What came as a stream is one text.
      { role: 'assistant', parts: [{ type: 'text', text: 'three' }], path: 'messages[2]' },
      { role: 'user', parts: [{ type: 'text', text: 'four' }], path: 'messages[3]' },
    ]);
  });

  it('match results to calls by id, and put them before what is said beside them', () => {
    const { messages } = read([
      user(text('go')),
      assistant(
        text('Two files.'),
        new ToolCallPart('a', 'read', { path: 'x' }),
        new ToolCallPart('b', 'read', { path: 'y' }),
      ),
      user(
        text('and then?'),
        new ToolResultPart('b', [text('Y1'), text('Y2')]),
        new ToolResultPart('a', [text('no such file')], true),
        new ToolResultPart('zz', []),
      ),
    ]);
    assert.deepEqual(messages.slice(1), [
      {
        role: 'assistant',
        parts: [
          { type: 'text', text: 'Two files.' },
          { type: 'toolCall', name: 'read', argumentsJson: '{"path":"x"}' },
          { type: 'toolCall', name: 'read', argumentsJson: '{"path":"y"}' },
        ],
        path: 'messages[1]',
      },
      {
        role: 'tool',
        parts: [
          {
            type: 'toolResult',
            name: 'read',
            callIndex: 1,
            parts: [
              { type: 'text', text: 'Y1' },
              { type: 'text', text: 'Y2' },
            ],
          },
        ],
        path: 'messages[2].content[1]',
      },
      {
        role: 'tool',
        parts: [
          {
            type: 'toolResult',
            name: 'read',
            callIndex: 0,
            parts: [
              { type: 'text', text: 'Error:' },
              { type: 'text', text: 'no such file' },
            ],
          },
        ],
        path: 'messages[2].content[2]',
      },
      {
        role: 'tool',
        parts: [{ type: 'toolResult', name: '', callIndex: 0, parts: [] }],
        path: 'messages[2].content[3]',
      },
      { role: 'user', parts: [{ type: 'text', text: 'and then?' }], path: 'messages[2]' },
    ]);
  });

  it('carry pictures as data URIs, also in results', () => {
    const url = `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
    const image = { type: 'image', url };
    assert.deepEqual(parts(text('see'), new DataPart(png, 'image/png')), [
      [{ type: 'text', text: 'see' }, image],
    ]);
    const [[result] = []] = parts(new ToolResultPart('a', [new DataPart(png, 'image/png')]));
    assert.ok(result?.type === 'toolResult');
    assert.deepEqual(result.parts, [image]);
    // A view into a larger buffer is only what it shows.
    const view = new Uint8Array([1, ...png, 9]).subarray(1, 1 + png.length);
    assert.deepEqual(parts(new DataPart(view, 'image/png')), [[image]]);
  });

  it('call a picture what it is after VS Code has made a PNG of it', () => {
    assert.deepEqual(parts(new DataPart(png, 'image/jpeg')), parts(new DataPart(png, 'image/png')));
  });

  it('carry data that is text as text', () => {
    for (const type of ['text/plain', 'text/x-json', 'application/json', 'application/a+json']) {
      assert.deepEqual(parts(new DataPart(bytes('{"ä":1}'), type)), [
        [{ type: 'text', text: '{"ä":1}' }],
      ]);
    }
  });

  it('lose what is no word to the model: thoughts and marks', () => {
    const mark = new DataPart(bytes('ephemeral'), 'cache_control');
    const { messages } = read([
      user(text('hi'), mark),
      assistant(new ThinkingPart('hm'), text('yes'), new DataPart(png, 'stateful_marker')),
      user(new ToolResultPart('a', [text('r'), mark]), mark),
    ]);
    assert.deepEqual(
      messages.map(({ role, parts: [first, ...rest] }) => [role, first?.type, rest.length]),
      [
        ['user', 'text', 0],
        ['assistant', 'text', 0],
        ['tool', 'toolResult', 0],
      ],
    );
  });

  it('are refused, naming the place, when they hold what cannot travel', () => {
    const call = new ToolCallPart('a', 'f', {});
    const result = new ToolResultPart('a', [text('r')]);
    const unsupported: [string, ChatMessage][] = [
      ['messages[1].content[1]', user(text('a'), { strange: true })],
      ['messages[1].content[0]', user('bare')],
      ['messages[1].content[0]', user(null)],
      ['messages[1].content[0]', user(new PromptTsxPart({ node: {} }))],
      ['messages[1].content[0]', user(new DataPart(bytes('x'), 'audio/wav'))],
      ['messages[1].content[0]', user(new DataPart(new Uint8Array([0xff]), 'text/plain'))],
      ['messages[1].content[0]', user(new DataPart(bytes('II*'), 'image/tiff'))],
      ['messages[1].content[0].content[0]', user(new ToolResultPart('a', [{ odd: 1 }]))],
      ['messages[1]', user(call)],
      ['messages[1]', assistant(result)],
      ['messages[1]', assistant(new DataPart(png, 'image/png'))],
      ['messages[1]', system(result)],
      ['messages[1].content[0]', user(new ToolResultPart('a', [result]))],
    ];
    for (const [param, message] of unsupported) {
      assert.deepEqual(
        refusal([user(text('first')), message]),
        { code: 'unsupported_content', param },
        JSON.stringify(message),
      );
    }
    assert.deepEqual(refusal([user(new DataPart(bytes('x'), 'image/png'))]), {
      code: 'invalid_request',
      param: 'messages[0].content[0]',
    });
    assert.deepEqual(refusal([{ role: 7, content: [] }]), {
      code: 'invalid_request',
      param: 'messages[0].role',
    });
    assert.deepEqual(refusal([]), { code: 'invalid_request', param: 'messages' });
  });

  it('come with their tools', () => {
    const schema = { type: 'object', properties: {} };
    const { tools, toolChoice, model } = read([user(text('x'))], {
      tools: [
        { name: 'f', description: 'F.', inputSchema: schema },
        { name: 'g', description: 'G.' },
      ],
      toolRequired: true,
    });
    assert.equal(model, 'm');
    assert.deepEqual(tools, [
      { name: 'f', description: 'F.', parameters: schema },
      { name: 'g', description: 'G.', parameters: { type: 'object' } },
    ]);
    assert.deepEqual(toolChoice, { mode: 'required' });
    assert.deepEqual(read([user(text('x'))]).toolChoice, { mode: 'auto' });
  });
});

const classes: PartClasses<unknown> = {
  text: TextPart,
  toolCall: ToolCallPart,
  thinking: ThinkingPart,
};
const input = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 });

describe('chat messages of VS Code: properties', () => {
  it('no text changes its place or its wording', () => {
    const turn = fc.record({
      asked: fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
      thought: fc.string(),
      chunks: fc.array(fc.string({ minLength: 1 }), { maxLength: 4 }),
      calls: fc.array(fc.record({ name: fc.string(), input }), { maxLength: 3 }),
      results: fc.array(fc.string(), { minLength: 3, maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(turn, { minLength: 1, maxLength: 5 }), (turns) => {
        const sent: ChatMessage[] = [];
        const expected: Omit<Message, 'path'>[] = [];
        for (const [number, { asked, thought, chunks, calls, results }] of turns.entries()) {
          const ids = calls.map((_, index) => `${number}/${index}`);
          sent.push(
            user(...asked.map(text)),
            assistant(
              new ThinkingPart(thought),
              ...chunks.map(text),
              ...calls.map(
                (call, index) => new ToolCallPart(ids[index] ?? '', call.name, call.input),
              ),
            ),
          );
          const said = chunks.join('');
          expected.push(
            { role: 'user', parts: asked.map((value) => ({ type: 'text', text: value })) },
            {
              role: 'assistant',
              parts: [
                ...(said ? [{ type: 'text' as const, text: said }] : []),
                ...calls.map((call) => ({
                  type: 'toolCall' as const,
                  name: call.name,
                  argumentsJson: JSON.stringify(call.input),
                })),
              ],
            },
          );
          // Answered the other way round: the id says which is which.
          for (const [index, id] of [...ids.entries()].reverse()) {
            const answer = results[index] ?? '';
            sent.push(user(new ToolResultPart(id, [text(answer)])));
            expected.push({
              role: 'tool',
              parts: [
                {
                  type: 'toolResult',
                  name: calls[index]?.name ?? '',
                  callIndex: index,
                  parts: [{ type: 'text', text: answer }],
                },
              ],
            });
          }
        }
        const { messages } = read(sent);
        assert.deepEqual(
          messages.map(({ role, parts: content }) => ({ role, parts: content })),
          expected,
        );
      }),
    );
  });

  it('an answer that was shown comes back as the answer the session was committed at', async () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc
        .record({ name: fc.constantFrom('read', 'run'), input })
        .map((call) => `\n${writeCall(call.name, JSON.stringify(call.input))}\n`),
    );
    const cuts = fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 5 }),
        cuts,
        fc.string(),
        async (pieces, sizes, thought) => {
          const answer = pieces.join('');
          const tools = new Map<string, unknown>([
            ['read', {}],
            ['run', {}],
          ]);
          const choice = { mode: 'auto' } as const;
          const faultIn = () => Promise.resolve(undefined);
          const rules = { tools, choice, parallel: true, faultIn };
          const reader = new AnswerReader(rules);
          const events: TurnEvent[] = [{ type: 'reasoning', delta: thought }];
          for (let from = 0, turn = 0; from < answer.length; turn++) {
            const size = (sizes[turn % sizes.length] ?? 0) + 1;
            const delta = answer.slice(from, from + size);
            events.push(...(await reader.read({ type: 'text', delta })));
            from += size;
          }
          events.push(...(await reader.end()));
          const shown = events.map((event) => toResponsePart(event, classes));
          const [back] = read([assistant(...shown)]).messages;
          assert.ok(back);
          assert.deepEqual(canonical(back), canonical(answerMessage(answer, tools)));
        },
      ),
    );
  });
});

describe('parts of an answer', () => {
  it('are of VS Code’s classes', () => {
    assert.deepEqual(toResponsePart({ type: 'text', delta: 'a' }, classes), text('a'));
    assert.deepEqual(
      toResponsePart({ type: 'reasoning', delta: 'hm' }, classes),
      new ThinkingPart('hm'),
    );
    assert.deepEqual(
      toResponsePart(
        { type: 'toolCall', index: 0, id: 'c', name: 'f', argumentsJson: '{"a":1}' },
        classes,
      ),
      new ToolCallPart('c', 'f', { a: 1 }),
    );
  });

  it('leave a thought out where VS Code has no part for it', () => {
    const without: PartClasses<unknown> = { ...classes, thinking: undefined };
    assert.equal(toResponsePart({ type: 'reasoning', delta: 'hm' }, without), undefined);
  });
});

describe('token counts for VS Code', () => {
  const counter = estimates();

  it('are those of the gateway, of a text and of a message', () => {
    assert.equal(countTokens('12345678', isThought, counter), 2);
    assert.equal(countTokens(user(text('12345678')), isThought, counter), 6);
  });

  it('are there for what could not be sent, too', () => {
    assert.ok(countTokens(user({ strange: 'x'.repeat(400) }), isThought, counter) > 100);
    // As VS Code hands messages over when it counts: in the form they cross processes in.
    const message = { role: 1, content: [{ type: 'text', value: 'abcd' }] };
    assert.ok(countTokens(message, isThought, counter) > 0);
  });
});
