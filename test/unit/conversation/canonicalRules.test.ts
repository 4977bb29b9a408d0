/**
 * What real clients change between two requests of one conversation (clients §3), a test for each:
 * the same conversation in both spellings, as far as the later request repeats the earlier one.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Message } from '../../../src/conversation/messages';
import { withoutNoise } from '../../../src/conversation/volatile';
import { Chain } from '../../../src/session/chain';
import { anthropicMessages } from '../../../src/wire/anthropicMessages';
import type { Dialect } from '../../../src/wire/dialect';
import { openAiChat } from '../../../src/wire/openaiChat';
import { openAiResponses } from '../../../src/wire/openaiResponses';
import { assistant } from '../../support/messages';

type Body = Readonly<Record<string, unknown>>;

function read(dialect: Dialect, body: Body): readonly Message[] {
  return withoutNoise(dialect.parse({ model: 'm', ...body }, {}).turn.messages);
}

/** Equal for equal conversations. */
function identity(messages: readonly Message[]): string {
  return new Chain('', messages).headAfter(assistant('end'));
}

function same(dialect: Dialect, first: Body, second: Body): void {
  const [left, right] = [read(dialect, first), read(dialect, second)];
  assert.equal(identity(left), identity(right));
}

function different(dialect: Dialect, first: Body, second: Body): void {
  const [left, right] = [read(dialect, first), read(dialect, second)];
  assert.notEqual(identity(left), identity(right));
}

/** A Messages body; what stands in front of the messages is the same every time. */
const anthropic = (...messages: object[]): Body => ({
  max_tokens: 100,
  system: [{ type: 'text', text: 'Be kind.', cache_control: { type: 'ephemeral' } }],
  messages,
});
const chat = (...messages: object[]): Body => ({ messages });
const responses = (...input: object[]): Body => ({ input });

const cached = { cache_control: { type: 'ephemeral' } };
const asked = { role: 'user', content: 'question' };

describe('canonical form: what clients change between turns', () => {
  it('Claude Code moves cache_control to the newest message', () => {
    const call = { type: 'tool_use', id: 'c', name: 'Bash', input: { command: 'ls' } };
    const result = { type: 'tool_result', tool_use_id: 'c', content: 'ok', is_error: false };
    const loop = (onCall: object, onResult: object): Body =>
      anthropic(
        asked,
        { role: 'assistant', content: [{ ...call, ...onCall }] },
        { role: 'user', content: [{ ...result, ...onResult }] },
      );
    same(anthropicMessages, loop({}, cached), loop({}, {}));
    same(anthropicMessages, loop({}, {}), loop(cached, {}));
  });

  it('Claude Code turns blocks into strings once they are not the newest', () => {
    const block = { type: 'text', text: 'question', ...cached };
    same(anthropicMessages, anthropic({ role: 'user', content: [block] }), anthropic(asked));
    const said = { role: 'assistant', content: 'answer' };
    const parts = { role: 'assistant', content: [{ type: 'text', text: 'answer' }] };
    same(anthropicMessages, anthropic(asked, said), anthropic(asked, parts));
  });

  it('Claude Code does the same to system messages in mid-conversation, and notes an effort', () => {
    const note = (content: unknown, more: object = {}): Body =>
      anthropic(asked, { role: 'system', content, ...more });
    const blocks = [{ type: 'text', text: 'The date has changed.', ...cached }];
    const effort = { output_config: { effort: 'medium' } };
    same(anthropicMessages, note(blocks), note('The date has changed.'));
    same(anthropicMessages, note(blocks, effort), note('The date has changed.'));
    different(anthropicMessages, note('The date has changed.'), note('The model has changed.'));
    different(anthropicMessages, note('The date has changed.'), anthropic(asked));
  });

  it('Claude Code bills with a line that changes', () => {
    const billed = (line: string): Body => ({
      ...anthropic(asked),
      system: [
        { type: 'text', text: `x-anthropic-billing-header: cc_version=2.1.197.${line};` },
        { type: 'text', text: 'Be kind.' },
      ],
    });
    same(anthropicMessages, billed('0e9'), billed('85b'));
    same(anthropicMessages, billed('0e9'), anthropic(asked));
  });

  it('Claude Code writes the reminder of its first message anew', () => {
    const reminded = (date: string): Body =>
      anthropic({
        role: 'user',
        content: [
          { type: 'text', text: `<system-reminder>Today is ${date}.</system-reminder>\n\n` },
          { type: 'text', text: 'question' },
        ],
      });
    same(anthropicMessages, reminded('Sunday'), reminded('Monday'));
  });

  it('Qwen Code moves a reminder from an earlier message to the newest', () => {
    const reminder = { type: 'text', text: '<system-reminder>Sunday</system-reminder>' };
    const question = { type: 'text', text: 'question' };
    const history = (...content: object[]): Body =>
      chat(
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content },
        { role: 'assistant', content: 'answer' },
      );
    same(openAiChat, history(reminder, question), history(question));
    different(openAiChat, history(reminder, question), history({ ...question, text: 'other' }));
  });

  it('every client but Codex writes tool arguments anew', () => {
    const called = (json: string): Body =>
      chat(asked, {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'run', arguments: json } }],
      });
    same(openAiChat, called('{ "zz" : 1,"cmd" : "ls"}'), called('{"zz":1,"cmd":"ls"}'));
    different(openAiChat, called('{"zz":1,"cmd":"ls"}'), called('{"zz":1,"cmd":"ls -a"}'));
  });

  it('clients name calls by ids of their own', () => {
    const loop = (id: string): Body =>
      chat(
        asked,
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id, type: 'function', function: { name: 'run', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: id, content: 'ok' },
      );
    same(openAiChat, loop('call_1'), loop('toolu_2'));
  });

  it('clients without text beside a call say null, nothing or an empty text', () => {
    const called = (said: object): Body =>
      chat(asked, {
        role: 'assistant',
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'run', arguments: '{}' } }],
        ...said,
      });
    same(openAiChat, called({ content: null }), called({ content: '' }));
    same(openAiChat, called({ content: null }), called({}));
  });

  it('Qwen Code gives results in parts', () => {
    const result = (content: unknown): Body =>
      chat(
        asked,
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'run', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content },
      );
    same(openAiChat, result([{ type: 'text', text: 'ok' }]), result('ok'));
  });

  it('reasoning comes back signed, bare or not at all', () => {
    const said = { role: 'assistant', content: 'answer' };
    same(openAiChat, chat(asked, { ...said, reasoning_content: 'hm' }), chat(asked, said));

    const text = { type: 'text', text: 'answer' };
    const thought = { type: 'thinking', thinking: 'hm', signature: 's' };
    const hidden = { type: 'redacted_thinking', data: 'x' };
    const answered = (...content: object[]): Body =>
      anthropic(asked, { role: 'assistant', content });
    same(anthropicMessages, answered(thought, text), answered(text));
    same(anthropicMessages, answered(hidden, text), answered(text));

    const message = { role: 'assistant', content: [{ type: 'output_text', text: 'answer' }] };
    const summary = [{ type: 'summary_text', text: 'hm' }];
    const kept = { type: 'reasoning', id: 'rs_1', summary, encrypted_content: 'x', content: null };
    const bare = { type: 'reasoning', summary: [] };
    same(openAiResponses, responses(asked, kept, message), responses(asked, message));
    same(openAiResponses, responses(asked, bare, message), responses(asked, message));
  });

  it('Codex gives items ids and states, others do not', () => {
    const items = (more: (id: string) => object): Body =>
      responses(
        { role: 'developer', content: [{ type: 'input_text', text: 'Be kind.' }], ...more('1') },
        { role: 'user', content: [{ type: 'input_text', text: 'question' }], ...more('2') },
        { type: 'function_call', call_id: 'c', name: 'run', arguments: '{}', ...more('3') },
        { type: 'function_call_output', call_id: 'c', output: 'ok', ...more('4') },
      );
    const marked = items((id) => ({ id: `msg_${id}`, status: 'completed' }));
    same(
      openAiResponses,
      marked,
      items(() => ({})),
    );
  });

  it('answers come back with or without the white space around them', () => {
    const padded = chat(asked, { role: 'assistant', content: '  Let me run two commands.\n\n' });
    same(
      openAiChat,
      padded,
      chat(asked, { role: 'assistant', content: 'Let me run two commands.' }),
    );
  });

  it('side requests for a title are no part of the conversation', () => {
    const title = { role: 'user', content: 'Write the title of: question' };
    different(anthropicMessages, anthropic(title), anthropic(asked));
    const system = 'You write titles.';
    different(anthropicMessages, { ...anthropic(asked), system }, anthropic(asked));
  });
});
