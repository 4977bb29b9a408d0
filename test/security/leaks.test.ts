/**
 * Marked texts (canaries) go in wherever a secret or a prompt can, through every dialect and every
 * kind of failure; then everything that the gateway shows, writes or hands on is searched for them.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { GatewayActivity } from '../../src/gateway/activity';
import { renderDiagnostics } from '../../src/vscode/setup/diagnostics';
import { settingDefaults } from '../../src/vscode/settings';
import { eventually, HeadlessGateway, isAlive } from '../support/headless';
import { png } from '../support/pictures';
import { exchange, rawRequest } from '../support/rawHttp';

/** Looks like no known kind of secret, so that nothing finds it by its looks. */
const canary = (name: string): string => `canary.${name}.of.this.test`;

const keys = {
  owner: canary('owner-key'),
  client: canary('client-key'),
};
/** What no file, log or answer may ever hold. */
const secrets = {
  ...keys,
  bearer: canary('wrong-bearer'),
  apiKey: canary('wrong-x-api-key'),
  basic: Buffer.from(canary('basic')).toString('base64'),
  query: canary('query'),
  cookie: canary('cookie'),
  proxy: canary('proxy-authorization'),
  environment: canary('environment'),
  // What the demo's account holds (protocol §3).
  account: 'must-never-leave-the-client',
};
const picture = Buffer.concat([png(1), Buffer.from(canary('image').repeat(4))]).toString('base64');
/** What is said in conversations: nobody's business unless the owner captures it. */
const said = {
  prompt: canary('prompt'),
  system: canary('system'),
  toolDescription: canary('tool-description'),
  toolArguments: canary('tool-arguments'),
  toolResult: canary('tool-result'),
  answer: canary('answer'),
  // In the words with which the process fails.
  repeated: canary('repeated-by-the-process'),
  broken: canary('broken-json'),
  // So short that a parser would quote it as a whole.
  fragment: 'PIN=90871',
  image: picture.slice(-60, -8),
};

const USER = `${said.prompt}\nDEMO:echo ${said.answer}`;
const PARAMETERS = {
  type: 'object',
  properties: { q: { type: 'string', description: said.toolDescription } },
};
const CALL = JSON.stringify({ q: said.toolArguments });
const IMAGE_URL = `data:image/png;base64,${picture}`;

/** A conversation with everything in it, in each dialect. */
function turns(end: string): [path: string, body: object][] {
  const content = `${said.prompt}\n${end}`;
  const tool = { name: 'search', description: said.toolDescription };
  return [
    [
      '/v1/chat/completions',
      {
        messages: [
          { role: 'system', content: said.system },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'look' },
              { type: 'image_url', image_url: { url: IMAGE_URL } },
            ],
          },
          {
            role: 'assistant',
            tool_calls: [
              { id: 'c1', type: 'function', function: { name: 'search', arguments: CALL } },
            ],
          },
          { role: 'tool', tool_call_id: 'c1', content: said.toolResult },
          { role: 'user', content },
        ],
        tools: [{ type: 'function', function: { ...tool, parameters: PARAMETERS } }],
      },
    ],
    [
      '/v1/messages',
      {
        max_tokens: 500,
        system: said.system,
        messages: [
          { role: 'user', content: 'look' },
          {
            role: 'assistant',
            content: [
              { type: 'tool_use', id: 'c1', name: 'search', input: { q: said.toolArguments } },
            ],
          },
          {
            role: 'user',
            content: [
              { type: 'tool_result', tool_use_id: 'c1', content: said.toolResult },
              { type: 'text', text: content },
            ],
          },
        ],
        tools: [{ ...tool, input_schema: PARAMETERS }],
      },
    ],
    [
      '/v1/responses',
      {
        instructions: said.system,
        input: [
          { role: 'user', content: 'look' },
          { type: 'function_call', call_id: 'c1', name: 'search', arguments: CALL },
          { type: 'function_call_output', call_id: 'c1', output: said.toolResult },
          { role: 'user', content },
        ],
        tools: [{ type: 'function', ...tool, parameters: PARAMETERS }],
      },
    ],
    [
      '/api/chat',
      {
        messages: [
          { role: 'system', content: said.system },
          { role: 'user', content },
        ],
      },
    ],
  ];
}

for (const capturing of [false, true]) {
  describe(`secrets, with texts ${capturing ? 'captured and a JSON log' : 'not captured'}`, function () {
    this.timeout(60_000);

    let gateway: HeadlessGateway;
    /** Bodies of answers that are no success, as their clients get them. */
    const refusals: string[] = [];
    /** Everything that tells of the gateway, by what it is. */
    const shown = new Map<string, string>();

    before(async () => {
      gateway = await HeadlessGateway.launch({
        flags: [
          ...['--verbose', '--instances', '2', '--idle-timeout', '3'],
          ...(capturing ? ['--capture-bodies', '--log-format', 'json'] : []),
        ],
        env: {
          LINGMA_GATEWAY_API_KEY: keys.owner,
          LINGMA_GATEWAY_CLIENT_KEYS: `ci=${keys.client}`,
          OPENAI_API_KEY: secrets.environment,
          AWS_SECRET_ACCESS_KEY: secrets.environment,
          NODE_OPTIONS: `--title=${secrets.environment}`,
          VSCODE_IPC_HOOK_CLI: secrets.environment,
          LINGMA_GATEWAY_ANYTHING: secrets.environment,
        },
      });
      await useEverything();
      await collect();
    });
    after(() => gateway.stop());

    async function post(pathname: string, body: string, headers = {}): Promise<number> {
      const response = await fetch(`${gateway.baseUrl}${pathname}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${keys.client}`,
          cookie: `session=${secrets.cookie}`,
          'proxy-authorization': `Basic ${secrets.proxy}`,
          ...headers,
        },
        body,
      });
      const text = await response.text();
      if (!response.ok) refusals.push(`${pathname} ${response.status} ${text}`);
      return response.status;
    }

    async function useEverything(): Promise<void> {
      const query = `?api_key=${secrets.query}&key=${keys.client}`;
      for (const [pathname, body] of turns(`DEMO:echo ${said.answer}`)) {
        for (const stream of [false, true]) {
          const status = await post(
            pathname + query,
            JSON.stringify({ model: 'gpt-4o', stream, ...body }),
          );
          assert.equal(status, 200, refusals.at(-1));
        }
      }
      // Every way in which a turn fails, among them one that the process says something about.
      for (const end of [
        `DEMO:status 500 ${said.repeated}`,
        'DEMO:exit-before',
        'DEMO:hang',
        'DEMO:no-such',
      ]) {
        for (const [pathname, body] of turns(end).slice(0, end === 'DEMO:hang' ? 1 : 2)) {
          const status = await post(pathname, JSON.stringify({ model: 'gpt-4o', ...body }));
          assert.ok(status >= 400, `${end}: ${status}`);
        }
        await eventually('both processes are back', async () =>
          (await gateway.stats()).instances.every(({ state }) => state === 'ready'),
        );
      }
      for (const [pathname, body] of turns(USER)) {
        const whole = JSON.stringify({ model: 'gpt-4o', ...body });
        await post(pathname, whole.slice(0, -1));
        await post(pathname, said.broken);
        await post(pathname, said.fragment);
        await post(pathname, `{"model": "gpt-4o", "messages": ${said.broken}}`);
        await post(pathname, whole, { 'content-type': 'text/plain' });
        await post(pathname, whole, { authorization: `Bearer ${secrets.bearer}` });
        await post(pathname, whole, { authorization: '', 'x-api-key': secrets.apiKey });
        await post(pathname, whole, { authorization: `Basic ${secrets.basic}` });
        await post(
          pathname,
          JSON.stringify({ model: 'gpt-4o', ...body, n: 2, top_k: said.broken }),
        );
        // A client whose fields were mixed up.
        await post(pathname, whole, { 'user-agent': keys.client, 'x-session-id': keys.client });
        await post(pathname, JSON.stringify({ ...body, model: keys.client }));
      }
      const { port } = new URL(gateway.baseUrl);
      for (const bytes of [
        rawRequest([`GET /internal/stats${query} HTTP/1.1`, `Host: ${secrets.query}`]),
        Buffer.from(`GET / HTTP/1.1\r\nAuthorization Bearer ${keys.owner}\r\n\r\n`),
      ]) {
        refusals.push((await exchange(Number(port), bytes)).text);
      }
    }

    async function collect(): Promise<void> {
      const read = async (pathname: string): Promise<string> => {
        const text = await (await gateway.fetch(pathname)).text();
        shown.set(pathname, text);
        return text;
      };
      for (const pathname of [
        ...['/', '/healthz', '/metrics', '/v1/capabilities', '/v1/models', '/openapi.json'],
        ...['/internal/stats', '/internal/sessions', '/internal/requests', '/internal/models'],
        ...['/internal/effective-config', '/internal/keys', '/v1/usage'],
      ]) {
        await read(pathname);
      }
      const { requests } = JSON.parse(await read('/internal/activity')) as GatewayActivity;
      assert.ok(requests.length > 20);
      for (const { id } of requests) await read(`/internal/requests/${id}`);
      shown.set('the log', gateway.log);
      // The whole state of the panel and the report of the extension are made of these.
      const snapshot = await gateway.stats();
      shown.set(
        'the diagnostics',
        renderDiagnostics({
          versions: {},
          settings: settingDefaults,
          state: { kind: 'ready', role: 'leader', snapshot },
          log: gateway.log.split('\n'),
          hidden: { home: '/nowhere', secrets: [keys.owner] },
        }),
      );
      for (const file of filesBelow(gateway.workDir)) {
        shown.set(`file ${file}`, readFileSync(file, 'latin1'));
      }
      const { pid = 0 } = gateway.child;
      const family = process.platform === 'linux' ? descendants(pid) : [];
      for (const child of family) {
        for (const what of ['cmdline', 'environ']) {
          const text = readFileSync(`/proc/${child}/${what}`, 'latin1');
          assert.ok(text.length > 0 && isAlive(child));
          shown.set(`${what} of process ${child}`, text);
        }
      }
    }

    const holders = (texts: Readonly<Record<string, string>>, where = shown): string[] =>
      Object.entries(texts).flatMap(([name, text]) =>
        [...where]
          .filter(([, content]) => content.includes(text))
          .map(([place, content]) => {
            const at = content.indexOf(text);
            return `${name} in ${place}: …${content.slice(Math.max(0, at - 100), at + 60)}`;
          }),
      );

    it('are searched for where there is something to find', () => {
      const log = shown.get('the log') ?? '';
      assert.ok(log.length > 1_000, log);
      assert.ok(refusals.length > 40);
      const files = [...shown.keys()].filter((place) => place.startsWith('file '));
      assert.ok(files.length > 0);
      if (process.platform === 'linux') {
        // Two processes and what ends them when we are killed.
        const children = [...shown.keys()].filter((place) => place.startsWith('environ'));
        assert.ok(children.length >= 3, children.join('\n'));
      }
    });

    it('are nowhere', () => {
      assert.deepEqual(holders(secrets), []);
    });

    it('are in no answer to who did not send them', () => {
      const answers = new Map(refusals.map((text, index) => [`refusal ${index}`, text]));
      const { client, ...others } = secrets;
      assert.deepEqual(holders(others, answers), []);
      // The one who named a key as its model hears of it, and nobody else.
      const told = holders({ client }, answers);
      assert.deepEqual(
        told.filter((line) => !line.includes('There is no model')),
        [],
      );
    });

    it(`what was said is ${capturing ? 'where the owner has it kept' : 'nowhere'}`, () => {
      const { image, broken, fragment, ...texts } = said;
      assert.deepEqual(holders({ image, broken, fragment }), []);
      const places = new Map(
        [...shown].filter(([place]) => !capturing || !place.startsWith('/internal/requests/req_')),
      );
      assert.deepEqual(holders(texts, places), []);
      if (!capturing) return;
      const kept = holders(texts).map((line) => line.split(' ', 1)[0]);
      const { toolDescription, ...captured } = texts;
      assert.deepEqual(new Set(kept), new Set(Object.keys(captured)), toolDescription);
    });

    it('broken requests are not quoted in their refusals', () => {
      const answers = new Map(refusals.map((text, index) => [`refusal ${index}`, text]));
      assert.deepEqual(
        holders({ broken: said.broken, fragment: said.fragment, prompt: said.prompt }, answers),
        [],
      );
    });
  });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((file) => statSync(file).isFile());
}

/** The processes that come from one, by the kernel's own word. */
function descendants(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter(Boolean)
    .map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}
