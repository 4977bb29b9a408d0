/** What the gateway does to an answer because its client asked for it: ends, forms, modes, figures. */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { after, before, describe, it } from 'mocha';
import type OpenAI from 'openai';
import { eventually, HeadlessGateway } from '../support/headless';
import { removeFolder } from '../support/tempDir';

const DELTAS = ['One ', 'tw', 'o EN', 'D', ' three'];
/** The answer does not end by itself, so that a busy machine cannot be late to stop it. */
const UNENDED = `DEMO:hang-after ${DELTAS.length}\nDEMO:deltas ${JSON.stringify(DELTAS)}`;
const QUICK = `DEMO:deltas ${JSON.stringify(DELTAS)}`;

interface Said {
  readonly text: string;
  readonly reasoning: string;
  readonly reason: string | null | undefined;
  readonly sequence?: string | null;
  readonly session: string;
  readonly model: string;
  /** Input, cached input, output tokens. */
  readonly usage: readonly (number | undefined)[];
}

type Fields = Readonly<Record<string, unknown>>;
interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}
type Ask = (turns: readonly Turn[], fields?: Fields) => Promise<Said>;

const SESSION = 'x-lingma-session';

/** One way to ask for an answer. */
interface Way {
  readonly name: string;
  readonly ask: Ask;
  /** What the dialect calls a token limit, and the reasons of its ends. */
  readonly limit: string;
  readonly cutBy: { readonly length: string; readonly stop?: string };
}

function ways(gateway: HeadlessGateway): Way[] {
  const openai = gateway.openai();
  const anthropic = new Anthropic({
    baseURL: gateway.baseUrl,
    apiKey: gateway.apiKey,
    maxRetries: 0,
  });
  return [false, true].flatMap((stream) => {
    const how = stream ? 'streamed' : 'plain';
    return [
      {
        name: `chat, ${how}`,
        ask: chat(openai, stream),
        limit: 'max_tokens',
        cutBy: { length: 'length', stop: 'stop' },
      },
      {
        name: `responses, ${how}`,
        ask: responses(openai, stream),
        limit: 'max_output_tokens',
        cutBy: { length: 'incomplete' },
      },
      {
        name: `messages, ${how}`,
        ask: messages(anthropic, stream),
        limit: 'max_tokens',
        cutBy: { length: 'max_tokens', stop: 'stop_sequence' },
      },
    ];
  });
}

function chat(client: OpenAI, stream: boolean): Ask {
  return async (turns, fields = {}) => {
    const request = { model: 'org_auto', messages: [...turns], ...fields };
    if (!stream) {
      const { data, response } = await client.chat.completions.create(request).withResponse();
      const [choice] = data.choices;
      const message = choice?.message as { content?: string; reasoning_content?: string };
      return {
        text: message.content ?? '',
        reasoning: message.reasoning_content ?? '',
        reason: choice?.finish_reason,
        session: response.headers.get(SESSION) ?? '',
        model: data.model,
        usage: chatUsage(data.usage),
      };
    }
    const { data, response } = await client.chat.completions
      .create({ ...request, stream: true, stream_options: { include_usage: true } })
      .withResponse();
    const said = { text: '', reasoning: '', reason: null as string | null, model: '' };
    let usage: Said['usage'] = [];
    for await (const { choices, usage: counted, model } of data) {
      said.model = model;
      const delta = (choices[0]?.delta ?? {}) as { content?: string; reasoning_content?: string };
      said.text += delta.content ?? '';
      said.reasoning += delta.reasoning_content ?? '';
      said.reason = choices[0]?.finish_reason ?? said.reason;
      if (counted) usage = chatUsage(counted);
    }
    return { ...said, session: response.headers.get(SESSION) ?? '', usage };
  };
}

function chatUsage(usage: OpenAI.CompletionUsage | null | undefined): Said['usage'] {
  return [
    usage?.prompt_tokens,
    usage?.prompt_tokens_details?.cached_tokens,
    usage?.completion_tokens,
  ];
}

function responses(client: OpenAI, stream: boolean): Ask {
  return async (turns, fields = {}) => {
    const request = { model: 'org_auto', input: [...turns], ...fields };
    let response: Response;
    let final: OpenAI.Responses.Response | undefined;
    if (stream) {
      const pending = client.responses.create({ ...request, stream: true });
      const got = await pending.withResponse();
      response = got.response;
      for await (const event of got.data) {
        if (event.type === 'response.completed' || event.type === 'response.incomplete') {
          final = event.response;
        }
      }
    } else {
      const got = await client.responses.create({ ...request, stream: false }).withResponse();
      response = got.response;
      final = got.data;
    }
    assert.ok(final);
    const { output, usage } = final;
    return {
      text: output
        .flatMap((item) => (item.type === 'message' ? item.content : []))
        .map((part) => (part.type === 'output_text' ? part.text : ''))
        .join(''),
      reasoning: output
        .flatMap((item) => (item.type === 'reasoning' ? item.summary : []))
        .map(({ text }) => text)
        .join(''),
      reason: final.status,
      session: response.headers.get(SESSION) ?? '',
      model: final.model,
      usage: [usage?.input_tokens, usage?.input_tokens_details.cached_tokens, usage?.output_tokens],
    };
  };
}

function messages(client: Anthropic, stream: boolean): Ask {
  return async (turns, fields = {}) => {
    const request = { model: 'org_auto', max_tokens: 1_000, messages: [...turns], ...fields };
    const { data, response } = stream
      ? await client.messages.stream(request).withResponse()
      : await client.messages.create(request).withResponse();
    const message = 'finalMessage' in data ? await data.finalMessage() : data;
    const { content, usage } = message;
    const cached = usage.cache_read_input_tokens ?? 0;
    return {
      text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
      reasoning: content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
      reason: message.stop_reason,
      sequence: message.stop_sequence,
      session: response.headers.get(SESSION) ?? '',
      model: message.model,
      usage: [usage.input_tokens + cached, cached, usage.output_tokens],
    };
  };
}

const ask = (content: string): Turn[] => [{ role: 'user', content }];

describe('headless: shaped answers', () => {
  let gateway: HeadlessGateway;
  let scratch: string;

  before(async () => {
    scratch = mkdtempSync(path.join(tmpdir(), 'lingma-shaping-'));
    const answers = path.join(scratch, 'answers.json');
    writeFileSync(answers, JSON.stringify(PREPARED));
    gateway = await HeadlessGateway.launch({ env: { DEMO_LINGMA_ANSWERS: answers } });
  });
  after(async () => {
    await gateway.stop();
    await removeFolder(scratch);
  });

  const lastAsk = () => gateway.upstream('chat/ask').at(-1) ?? {};
  const sessions = async (): Promise<number> => (await gateway.stats()).sessionCache.size;

  it('an answer ends before a stop sequence, the process is stopped, the session given up', async () => {
    for (const { name, ask: say, cutBy } of ways(gateway)) {
      if (cutBy.stop === undefined) continue;
      const before = await sessions();
      const stops = gateway.upstream('chat/stop').length;
      const question = `Stop, ${name}\n${UNENDED}`;
      const sequences = name.startsWith('chat')
        ? { stop: ['END', 'x'] }
        : { stop_sequences: ['END'] };
      const said = await say(ask(question), sequences);
      assert.deepEqual([said.text, said.reason], ['One two ', cutBy.stop], name);
      if (name.startsWith('messages')) assert.equal(said.sequence, 'END');
      await eventually('a stop', () => gateway.upstream('chat/stop').length > stops);
      assert.equal(await sessions(), before, 'no session is left of it');
      const again: Turn[] = [
        ...ask(question),
        { role: 'assistant', content: said.text },
        { role: 'user', content: 'And?\nDEMO:echo so' },
      ];
      assert.match((await say(again)).session, /^(new|lost|diverged|branched); /, name);
    }
  });

  it('an answer that was whole before it was cut is given up as well', async () => {
    // A count waits for the tokenizer, a turn does not.
    const counted = await gateway.fetch('/v1/messages/count_tokens', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages: ask('Count') }),
    });
    assert.equal(counted.status, 200);
    for (const { name, ask: say, limit, cutBy } of ways(gateway)) {
      const before = await sessions();
      const said = await say(ask(`Quick, ${name}\n${QUICK}`), { [limit]: 2 });
      assert.deepEqual([said.text, said.reason], ['One two', cutBy.length], name);
      assert.equal(said.usage[2], 2);
      assert.equal(await sessions(), before, name);
    }
  });

  it('an answer that stays within its limits is continued', async () => {
    for (const { name, ask: say, limit } of ways(gateway)) {
      const question = `Within, ${name}\nDEMO:echo short`;
      const said = await say(ask(question), { [limit]: 100 });
      const next: Turn[] = [
        ...ask(question),
        { role: 'assistant', content: said.text },
        { role: 'user', content: 'More\nDEMO:echo more' },
      ];
      const more = await say(next, { [limit]: 100 });
      assert.match(more.session, /^continued; .*sent=1\/3$/, name);
      const [input = 0, cached = 0] = more.usage;
      assert.ok(cached > 0 && cached < input, `cached tokens, ${name}: ${cached} of ${input}`);
    }
  });

  it('thoughts go to those who want them', async () => {
    for (const { name, ask: say } of ways(gateway)) {
      const no = name.startsWith('chat')
        ? { reasoning_effort: 'none' }
        : name.startsWith('responses')
          ? { reasoning: { effort: 'none' } }
          : { thinking: { type: 'disabled' } };
      const yes = name.startsWith('messages')
        ? { thinking: { type: 'enabled', budget_tokens: 1_024 } }
        : {};
      const question = `Think, ${name}\nDEMO:think hmm\nDEMO:echo yes`;
      const shown = await say(ask(question), yes);
      const hidden = await say(ask(question), no);
      assert.deepEqual([shown.text, shown.reasoning], ['yes', 'hmm'], name);
      assert.deepEqual([hidden.text, hidden.reasoning], ['yes', ''], name);
      assert.ok((shown.usage[2] ?? 0) > (hidden.usage[2] ?? 0), 'thoughts are counted when shown');
    }
  });

  it('the mode comes with the model, and is part of what a session is', async () => {
    const modes = () => [lastAsk()['mode'], lastAsk()['sessionType']];
    for (const { name, ask: say } of ways(gateway)) {
      const question = ask(`Mode, ${name}\nDEMO:echo a`);
      await say(question);
      assert.deepEqual(modes(), ['chat', 'chat']);
      const agent = await say(question, { model: 'org_auto@agent' });
      assert.deepEqual(modes(), ['agent', 'developer']);
      assert.equal(agent.model, 'org_auto@agent');
      const next: Turn[] = [
        ...question,
        { role: 'assistant', content: 'a' },
        { role: 'user', content: 'b\nDEMO:echo b' },
      ];
      for (const model of ['lingma-agent', 'org_auto']) {
        const { session } = await say(next, { model });
        assert.match(session, /^continued; /, `${model}, ${name}`);
      }
      assert.deepEqual(modes(), ['chat', 'chat']);
      await assert.rejects(
        say(question, { model: 'nothing@agent' }),
        /There is no model .*nothing/,
      );
    }
  });

  it('the mode of models alone is a flag', async () => {
    const agent = await HeadlessGateway.launch({ flags: ['--ask-mode', 'agent'] });
    const client = agent.openai();
    const models: string[] = [];
    for (const model of ['org_auto', 'org_auto@chat', 'agent']) {
      const request = { model, messages: ask(`${model}\nDEMO:echo a`) };
      models.push((await client.chat.completions.create(request)).model);
    }
    const modes = agent.upstream('chat/ask').map(({ mode }) => mode);
    await agent.stop();
    assert.deepEqual(modes, ['agent', 'chat', 'agent']);
    assert.deepEqual(models, ['org_auto', 'org_auto@chat', 'org_auto']);
  });

  describe('answers in JSON', () => {
    const schema = {
      type: 'object',
      properties: { title: { type: 'string' } },
      required: ['title'],
      additionalProperties: false,
    };
    const format = (name: string): Fields => {
      if (name.startsWith('chat')) {
        return { response_format: { type: 'json_schema', json_schema: { name: 't', schema } } };
      }
      const wanted = { type: 'json_schema', name: 't', schema };
      return name.startsWith('responses')
        ? { text: { format: wanted } }
        : { output_config: { format: wanted } };
    };

    it('a good one is given as it is, and its session goes on', async () => {
      for (const { name, ask: say } of ways(gateway)) {
        const question = ask(`Json good, ${name}\nDEMO:echo {"title": "x"}`);
        const said = await say(question, format(name));
        assert.equal(said.text, '{"title": "x"}', name);
        const next: Turn[] = [
          ...question,
          { role: 'assistant', content: said.text },
          { role: 'user', content: 'b\nDEMO:echo b' },
        ];
        assert.match((await say(next)).session, /^continued; /, name);
      }
    });

    it('a fence around it is taken off, which no session can go on from', async () => {
      for (const { name, ask: say } of ways(gateway)) {
        const before = await sessions();
        const fenced = JSON.stringify('```json\n{"title":"x"}\n```');
        const said = await say(ask(`Json, ${name}\nDEMO:echo-json ${fenced}`), format(name));
        assert.equal(said.text, '{"title":"x"}', name);
        assert.equal(await sessions(), before, name);
      }
    });

    it('a bad one is repaired once, on its session, and nobody sees it', async () => {
      for (const { name, ask: say } of ways(gateway)) {
        const asks = gateway.upstream('chat/ask').length;
        const before = await sessions();
        const said = await say(ask('REPAIRED: give me a title'), format(name));
        assert.equal(said.text, '{"title":"mended"}', name);
        const [first, second] = gateway.upstream('chat/ask').slice(asks);
        assert.equal(second?.['isReply'], true);
        assert.match(String(second['questionText']), /title/);
        assert.notEqual(first?.['requestId'], second['requestId']);
        assert.equal(await sessions(), before, name);
      }
    });

    it('one that stays bad is an error', async () => {
      for (const { name, ask: say } of ways(gateway)) {
        await assert.rejects(
          say(ask(`Json bad, ${name}\nDEMO:echo no JSON`), format(name)),
          (error: { status?: number; message: string }) => {
            // A stream that waits for the whole answer has not begun when it fails.
            assert.equal(error.status, 502, name);
            assert.match(error.message, /form that was asked for/);
            return true;
          },
        );
      }
    });
  });
});

/** Six ways ask the same, and each is answered wrong and then right. */
const PREPARED = Array.from({ length: 6 }, () => [
  { match: 'REPAIRED: give me a title', answer: '{"title": 7}' },
  { match: 'Write the whole answer again', answer: '{"title":"mended"}' },
]).flat();
