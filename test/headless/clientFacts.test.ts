/**
 * What real clients were seen to send, fact by fact: each has to be served, and what is said in it
 * has to reach the model. The recordings themselves are replayed by `recordings.test.ts`.
 */
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, before, describe, it } from 'mocha';
import { HeadlessGateway } from '../support/headless';

type Body = Readonly<Record<string, unknown>>;

const ANTHROPIC = { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'a,b,c', 'x-app': 'cli' };
const user = (content: unknown): Body => ({ role: 'user', content });
const text = (value: string): Body => ({ type: 'text', text: value });
const cached = (value: string): Body => ({ ...text(value), cache_control: { type: 'ephemeral' } });
const SAY = 'DEMO:echo ok';

const messages = (fields: Body): Body => ({
  model: 'claude-opus-5-5',
  max_tokens: 32_000,
  stream: true,
  messages: [user([cached(SAY)])],
  ...fields,
});
const responses = (fields: Body): Body => ({
  model: 'gpt-5.5',
  stream: true,
  store: false,
  input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: SAY }] }],
  ...fields,
});
const chat = (fields: Body): Body => ({
  model: 'kmodel',
  messages: [user(SAY)],
  stream: false,
  ...fields,
});

const schema = { type: 'object', properties: { path: { type: 'string' } } };
const functionTool = { type: 'function', function: { name: 'read', parameters: schema } };

interface Fact {
  readonly path: string;
  readonly body: Body;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the prompt must hold. */
  readonly told?: readonly RegExp[];
  /** What it must not hold. */
  readonly untold?: readonly RegExp[];
}

const MESSAGES = '/v1/messages?beta=true';

const facts: Readonly<Record<string, Fact>> = {
  'Claude Code: three system blocks, the first of them for billing': {
    path: MESSAGES,
    body: messages({
      system: [
        text('x-anthropic-billing-header: cc_version=2.1.197.b7f; cc_entrypoint=sdk-cli;'),
        cached('You are Claude Code.'),
        cached('Rules.'),
      ],
    }),
    told: [/You are Claude Code\./, /Rules\./],
    untold: [/billing/],
  },
  'Claude Code: system messages between the others, as text and as blocks': {
    path: MESSAGES,
    body: messages({
      messages: [
        user([cached('Hello')]),
        { role: 'system', content: 'Agent types: A1.' },
        { role: 'assistant', content: [text('Hi')] },
        { role: 'system', content: [cached('The date has changed.')] },
        user(SAY),
      ],
    }),
    told: [/Agent types: A1\./, /The date has changed\./],
  },
  'Claude Code: output_config on one message': {
    path: MESSAGES,
    body: messages({
      messages: [
        user('Hello'),
        { role: 'system', content: 'Skills: S1.', output_config: { effort: 'high' } },
        user(SAY),
      ],
    }),
    told: [/Skills: S1\./],
    untold: [/effort/],
  },
  'Claude Code: adaptive thinking, omitted': {
    path: MESSAGES,
    body: messages({ thinking: { type: 'adaptive', display: 'omitted' } }),
  },
  'Claude Code: adaptive thinking, as updates': {
    path: MESSAGES,
    body: messages({ thinking: { type: 'adaptive', display: 'updates' } }),
  },
  'Claude Code: context management': {
    path: MESSAGES,
    body: messages({
      context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
      output_config: { effort: 'high' },
    }),
  },
  'Claude Code: a request for a title': {
    path: MESSAGES,
    body: messages({
      thinking: { type: 'disabled' },
      messages: [user('Write the title\nDEMO:echo {"title":"T"}')],
      output_config: {
        effort: 'high',
        format: {
          type: 'json_schema',
          schema: { type: 'object', properties: { title: { type: 'string' } } },
        },
      },
    }),
    told: [/"title"/],
  },
  'Claude Code: metadata.user_id as a JSON text': {
    path: MESSAGES,
    body: messages({
      metadata: { user_id: '{"device_id":"d","account_uuid":"","session_id":"s"}' },
    }),
    headers: { 'x-claude-code-session-id': 's' },
  },
  'Claude Code: tools to be loaded later': {
    path: MESSAGES,
    body: messages({
      tools: [
        { name: 'ToolSearch', description: 'Finds tools.', input_schema: schema },
        { name: 'Later', description: 'Later.', input_schema: schema, defer_loading: true },
      ],
    }),
    told: [/ToolSearch/, /Later/],
  },
  'Claude Code: results as text, with and without is_error': {
    path: MESSAGES,
    body: messages({
      tools: [{ name: 'Bash', input_schema: schema }],
      messages: [
        user('Run'),
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: '' },
            { type: 'tool_use', id: 'a', name: 'Bash', input: { path: '1' } },
            { type: 'tool_use', id: 'b', name: 'Bash', input: { path: '2' } },
          ],
        },
        user([
          { type: 'tool_result', tool_use_id: 'a', content: 'fine-1', is_error: false },
          {
            type: 'tool_result',
            tool_use_id: 'b',
            content: '<tool_use_error>bad-2</tool_use_error>',
            is_error: true,
          },
          text(SAY),
        ]),
      ],
    }),
    told: [/fine-1/, /bad-2/],
  },
  'Codex: no instructions, the base prompt is a developer item': {
    path: '/v1/responses',
    body: responses({
      input: [
        { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Base.' }] },
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: SAY }] },
      ],
      reasoning: { summary: 'auto' },
      include: ['reasoning.encrypted_content'],
      prompt_cache_key: 'thread',
      client_metadata: { a: 'b' },
      text: { verbosity: 'low' },
      tool_choice: 'auto',
      parallel_tool_calls: true,
    }),
    headers: { 'session-id': 'thread', 'thread-id': 'thread', originator: 'codex_exec' },
    told: [/Base\./],
  },
  'Codex: instructions, no ids, reasoning null and include empty (0.63)': {
    path: '/v1/responses',
    body: responses({ instructions: 'Base.', reasoning: null, include: [] }),
    told: [/Base\./],
  },
  'Codex: custom, namespace, tool_search and web_search tools': {
    path: '/v1/responses',
    body: responses({
      tools: [
        { type: 'function', name: 'shell', strict: false, parameters: schema },
        {
          type: 'custom',
          name: 'apply_patch',
          description: 'Patches.',
          format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
        },
        { type: 'namespace', name: 'agents', tools: [{ type: 'function', name: 'spawn' }] },
        { type: 'tool_search', execution: 'client' },
        { type: 'web_search', external_web_access: false },
      ],
    }),
    told: [/shell/, /apply_patch/, /start: "x"/, /agents\.spawn/],
  },
  'Codex: ids of items, echoed reasoning without content': {
    path: '/v1/responses',
    body: responses({
      tools: [{ type: 'function', name: 'shell', parameters: schema }],
      input: [
        {
          type: 'message',
          id: 'msg_1',
          role: 'user',
          content: [{ type: 'input_text', text: 'Go' }],
        },
        { type: 'reasoning', id: 'rs_1', summary: [], content: null, encrypted_content: null },
        {
          type: 'function_call',
          id: 'fc_1',
          call_id: 'c',
          name: 'shell',
          arguments: '{"path":"1"}',
        },
        { type: 'function_call_output', id: 'fco_1', call_id: 'c', output: 'result-1' },
        {
          type: 'message',
          id: 'msg_2',
          role: 'user',
          content: [{ type: 'input_text', text: SAY }],
        },
      ],
    }),
    told: [/result-1/],
  },
  'Codex: a compaction, without tools': {
    path: '/v1/responses',
    body: responses({
      tools: [],
      parallel_tool_calls: false,
      input: [
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Go' }] },
        {
          type: 'message',
          role: 'user',
          content: [{ type: 'input_text', text: `CONTEXT CHECKPOINT COMPACTION\n${SAY}` }],
        },
      ],
    }),
    told: [/CHECKPOINT/],
  },
  'OpenCode: an empty text beside calls, max_tokens and usage': {
    path: '/v1/chat/completions',
    body: chat({
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 32_000,
      tools: [functionTool],
      messages: [
        user('Read'),
        {
          role: 'assistant',
          content: '',
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'read', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: 'content-1' },
        user(SAY),
      ],
    }),
    headers: { 'x-session-id': 'ses_1', 'x-session-affinity': 'ses_1' },
    told: [/content-1/],
  },
  'OpenCode: a system item whose content is a text': {
    path: '/v1/responses',
    body: responses({
      max_output_tokens: 32_000,
      input: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'input_text', text: SAY }] },
      ],
    }),
    told: [/Be brief\./],
  },
  'Cline: content null beside calls': {
    path: '/v1/chat/completions',
    body: chat({
      tools: [functionTool],
      messages: [
        user('Read'),
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'read', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: 'content-2' },
        user(SAY),
      ],
    }),
    told: [/content-2/],
  },
  'Cline: tools that OpenAI runs, truncation and sources': {
    path: '/v1/responses',
    body: responses({
      truncation: 'auto',
      include: ['web_search_call.action.sources'],
      tools: [
        { type: 'function', name: 'read', parameters: schema },
        { type: 'web_search' },
        { type: 'image_generation' },
        { type: 'apply_patch' },
      ],
    }),
    told: [/read/],
  },
  'Qwen Code: results and questions as lists': {
    path: '/v1/chat/completions',
    body: chat({
      max_tokens: 8_000,
      tools: [functionTool],
      messages: [
        user([text('Read')]),
        {
          role: 'assistant',
          content: null,
          reasoning_content: 'hm',
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'read', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: [text('content-3')] },
        user([text(SAY)]),
      ],
    }),
    told: [/content-3/],
  },
  'LangChain: messages whose content is a text, and no text format': {
    path: '/v1/responses',
    body: responses({
      stream: false,
      text: {},
      input: [{ type: 'message', role: 'user', content: SAY }],
    }),
  },
};

describe('headless: what clients were seen to send', () => {
  let gateway: HeadlessGateway;
  before(async () => {
    gateway = await HeadlessGateway.launch();
  });
  after(() => gateway.stop());

  const post = (path: string, body: Body, headers: Readonly<Record<string, string>> = {}) =>
    gateway.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  for (const [name, { path, body, headers, told = [], untold = [] }] of Object.entries(facts)) {
    it(name, async () => {
      const isMessages = path.startsWith('/v1/messages');
      const response = await post(path, body, { ...(isMessages ? ANTHROPIC : {}), ...headers });
      const said = await response.text();
      assert.equal(response.status, 200, said);
      assert.doesNotMatch(said, /event: error|"error":\{/);
      const prompt = String(gateway.upstream('chat/ask').at(-1)?.['questionText']);
      for (const part of told) assert.match(prompt, part);
      for (const part of untold) assert.doesNotMatch(prompt, part);
    });
  }

  it('Claude Code: a burst of counts, with tools and without', async () => {
    const asked = gateway.upstream('chat/ask').length;
    const bodies = Array.from({ length: 14 }, (_, index) => ({
      model: 'claude-opus-5-5',
      messages: [user('Count me')],
      tools: index % 2 === 0 ? [] : [{ name: 'Bash', input_schema: schema }],
    }));
    const counts = await Promise.all(
      bodies.map(async (body) => {
        const response = await post('/v1/messages/count_tokens?beta=true', body, ANTHROPIC);
        assert.equal(response.status, 200);
        return ((await response.json()) as { input_tokens: number }).input_tokens;
      }),
    );
    assert.equal(new Set(counts).size, 2, 'tools count');
    assert.ok(Math.min(...counts) > 0);
    assert.equal(gateway.upstream('chat/ask').length, asked, 'no process is asked');
  });

  it('Claude Code: HEAD / without a key', async () => {
    const response = await fetch(gateway.baseUrl, { method: 'HEAD' });
    assert.equal(response.status, 200);
  });

  it('Claude Code: a thousand models at once; the SDK: where the list ends', async () => {
    const response = await gateway.fetch('/v1/models?limit=1000', { headers: ANTHROPIC });
    const list = (await response.json()) as { data: { id: string }[] } & Record<string, unknown>;
    assert.equal(list['has_more'], false);
    assert.equal(list['first_id'], list.data[0]?.id);
    assert.equal(list['last_id'], list.data.at(-1)?.id);
  });

  it('Codex: the upgrade to a WebSocket is answered 426', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const { port } = new URL(gateway.baseUrl);
      httpRequest({
        port,
        host: '127.0.0.1',
        path: '/v1/responses',
        headers: {
          authorization: `Bearer ${gateway.apiKey}`,
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': Buffer.alloc(16).toString('base64'),
          'openai-beta': 'responses_websockets=2026-02-06',
        },
      })
        .once('response', (response) => {
          response.resume();
          resolve(response.statusCode);
        })
        .once('error', reject)
        .end();
    });
    assert.equal(status, 426);
  });

  it('has met no problem of protocol', () => {
    assert.deepEqual(gateway.upstreamProblems(), []);
  });
});
