/** What the launcher tells those who run it: figures, options, its log, and a description of itself. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { Validator } from '@cfworker/json-schema';
import { afterEach, describe, it } from 'mocha';
import { eventually, HeadlessGateway, runLauncher } from '../support/headless';
import { readExposition } from '../support/exposition';
import { useTempDirs } from '../support/tempDir';

const ANTHROPIC = { 'anthropic-version': '2023-06-01' };

interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly topic: string;
  readonly message: string;
  readonly [fact: string]: unknown;
}

describe('operations', () => {
  const tempDir = useTempDirs();
  let gateway: HeadlessGateway | undefined;

  afterEach(async () => {
    await gateway?.stop();
    gateway = undefined;
  });

  async function launch(
    flags: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<HeadlessGateway> {
    return (gateway = await HeadlessGateway.launch({ flags, env }));
  }

  async function ask(on: HeadlessGateway, text: string) {
    const { response } = await on
      .openai()
      .chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: text }] })
      .withResponse();
    return response.headers.get('x-request-id');
  }

  function readLog(text: string): LogLine[] {
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as LogLine);
  }

  describe('/metrics', () => {
    it('is what a strict reader takes, and has every family of the dashboard', async () => {
      const gateway = await launch(['--client-key', 'ci "1"\\=secret-of-ci']);
      await ask(gateway, 'DEMO:echo one');
      await gateway.fetch('/nowhere');
      await eventually(
        'a look at the event loop',
        async () => (await gateway.metric('gateway_event_loop_delay_seconds_count')) > 0,
      );
      const { families, problems } = readExposition(await (await gateway.fetch('/metrics')).text());
      assert.deepEqual(problems, []);
      const value = (name: string) => families.get(name)?.samples[0]?.value ?? Number.NaN;
      assert.ok(value('gateway_event_loop_delay_seconds') >= 0);
      assert.ok(value('process_resident_memory_bytes') > 1e7);
      assert.ok(value('gateway_http_connections') >= 1);
      assert.equal(families.get('lingma_gateway_build_info')?.samples[0]?.labels['demo'], 'true');

      const dashboard = readFileSync('docs/grafana.json', 'utf8');
      const shown = dashboard.match(/\b(?:lingma_gateway|gateway|process|nodejs)_[a-z_]+/g) ?? [];
      assert.ok(shown.length > 20);
      const known = new Set(
        [...families.values()].flatMap(({ name, samples }) => [
          name,
          ...samples.map((sample) => sample.name),
        ]),
      );
      assert.deepEqual(
        [...new Set(shown)].filter((name) => !known.has(name)),
        process.platform === 'linux' ? [] : ['process_open_fds'],
      );

      const manual = readFileSync('docs/operations.md', 'utf8');
      const unexplained = [...families.keys()].filter((name) => !manual.includes(`\`${name}\``));
      assert.deepEqual(unexplained, [], 'docs/operations.md lacks these');
    });
  });

  describe('/internal/effective-config', () => {
    it('tells the owner every option, and no secret', async () => {
      const gateway = await launch(['--session-ttl', '77', '--client-key', 'ci=secret-of-ci'], {
        LINGMA_GATEWAY_API_KEY: 'secret-of-the-owner',
      });
      await gateway.fetch('/internal/pool', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"maxInFlight":9}',
      });
      const text = await (await gateway.fetch('/internal/effective-config')).text();
      const { options } = JSON.parse(text) as { options: Record<string, unknown> };
      assert.deepEqual(options['sessionTtlSeconds'], {
        value: 77,
        origin: { from: 'flag', name: '--session-ttl' },
      });
      assert.deepEqual(options['maxInFlight'], { value: 9, origin: { from: 'request' } });
      assert.deepEqual(options['apiKey'], {
        value: '[redacted]',
        origin: { from: 'environment', name: 'LINGMA_GATEWAY_API_KEY' },
      });
      assert.doesNotMatch(text, /secret-of/);

      const headers = { authorization: 'Bearer secret-of-ci' };
      assert.equal((await gateway.fetch('/internal/effective-config', { headers })).status, 403);
    });
  });

  describe('/openapi.json', () => {
    it('is public, and true of what the gateway answers', async () => {
      const gateway = await launch();
      await ask(gateway, 'DEMO:echo one');
      const description = (await (await fetch(`${gateway.baseUrl}/openapi.json`)).json()) as {
        paths: Record<string, Record<string, { responses: Record<string, Described> }>>;
      };
      const check = async (
        method: 'GET' | 'POST' | 'DELETE',
        pattern: string,
        { at = pattern, status = 200, body, headers = {}, key = gateway.apiKey }: Probe = {},
      ) => {
        const response = await gateway.fetch(at, {
          method,
          headers: {
            authorization: `Bearer ${key}`,
            ...(body ? { 'content-type': 'application/json' } : {}),
            ...headers,
          },
          ...(body ? { body: JSON.stringify(body) } : {}),
        });
        const answer: unknown = await response.json();
        assert.equal(response.status, status, `${method} ${at}: ${JSON.stringify(answer)}`);
        const { responses } = description.paths[pattern]?.[method.toLowerCase()] ?? {};
        const schema = (responses?.[status] ?? responses?.['default'])?.content['application/json']
          ?.schema;
        assert.ok(schema, `${method} ${pattern} ${status} is not described`);
        // References point into the whole document.
        const validator = new Validator({ ...description, ...schema }, '2020-12', false);
        const { valid, errors } = validator.validate(answer);
        const first = errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`);
        assert.ok(valid, `${method} ${at}: ${first.join('; ')} in ${JSON.stringify(answer)}`);
        return answer;
      };
      await check('GET', '/healthz');
      await check('GET', '/openapi.json');
      for (const what of ['stats', 'effective-config', 'activity', 'sessions', 'models', 'keys']) {
        await check('GET', `/internal/${what}`);
      }
      const { requests } = (await check('GET', '/internal/requests')) as {
        requests: { id: string }[];
      };
      await check('GET', '/internal/requests/{id}', {
        at: `/internal/requests/${requests[0]?.id ?? ''}`,
      });
      await check('GET', '/internal/requests/{id}', { at: '/internal/requests/none', status: 404 });
      await check('POST', '/internal/capture', { body: { enabled: false } });
      await check('POST', '/internal/pool', { body: { instances: 1 }, status: 202 });
      await check('DELETE', '/internal/sessions');
      await check('POST', '/internal/instances/{id}/drain', {
        at: '/internal/instances/lingma-1/drain',
        status: 202,
      });
      await check('GET', '/v1/capabilities');
      await check('GET', '/v1/usage');
      for (const headers of [{}, ANTHROPIC]) {
        await check('GET', '/v1/models', { headers });
        await check('GET', '/v1/models/{id}', { at: '/v1/models/org_auto', headers });
        await check('GET', '/v1/models/{id}', { at: '/v1/models/none', headers, status: 404 });
      }
      await check('GET', '/models');
      await check('GET', '/api/v1/models');
      await check('GET', '/api/tags');
      await check('GET', '/api/version');
      await check('POST', '/api/show', { body: { model: 'org_auto' } });
      await check('POST', '/api/show', { body: { model: 'none' }, status: 404 });

      const messages = [{ role: 'user', content: 'DEMO:echo two' }];
      const model = 'org_auto';
      await check('POST', '/v1/chat/completions', { body: { model, messages } });
      await check('POST', '/v1/messages', { body: { model, messages, max_tokens: 50 } });
      await check('POST', '/v1/messages', { body: { model }, status: 400 });
      await check('POST', '/v1/messages/count_tokens', { body: { model, messages } });
      await check('POST', '/v1/responses', { body: { model, input: 'DEMO:echo three' } });
      await check('POST', '/api/chat', { body: { model, messages, stream: false } });
      await check('GET', '/internal/stats', { key: 'wrong', status: 401 });
    });
  });

  describe('the log', () => {
    it('is one JSON object a line on request, and holds no text of a conversation', async () => {
      const gateway = await launch(['--log-format', 'json', '--verbose']);
      const id = await ask(gateway, 'DEMO:echo canary-text');
      await eventually('the line of the request', () =>
        gateway.log.includes('/v1/chat/completions'),
      );
      const lines = readLog(gateway.log);
      for (const { time, level, topic, message } of lines) {
        assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        assert.ok(['debug', 'info', 'warn', 'error'].includes(level));
        assert.equal(typeof topic, 'string');
        assert.equal(typeof message, 'string');
      }
      const turn = lines.find(({ topic, requestId }) => topic === 'turn' && requestId === id);
      assert.equal(turn?.level, 'info');
      const { client, model, state, instance, reuse, durationMs, ttftMs } = turn;
      assert.deepEqual(
        { client, model, state, instance, reuse },
        {
          client: 'owner',
          model: 'gpt-4o',
          state: 'completed',
          instance: 'lingma-1',
          reuse: 'new',
        },
      );
      assert.equal(typeof durationMs, 'number');
      assert.equal(typeof ttftMs, 'number');
      const http = lines.find(({ topic, requestId }) => topic === 'http' && requestId === id);
      assert.deepEqual([http?.level, http?.['status']], ['debug', 200]);
      assert.ok(
        lines.some(({ topic, instance }) => topic === 'lingma-1' && instance === 'lingma-1'),
      );
      assert.ok(!gateway.log.includes('canary-text'));
      assert.ok(!gateway.log.includes(gateway.apiKey));
    });

    it('tells why it does not start in the same way', async () => {
      for (const [flags, code, exitCode] of [
        [['--lingma', '/none'], 'binary_not_found', 1],
        [['--client-key', 'ci=secret-1', '--client-key', 'ci=secret-2'], 'invalid_request', 2],
      ] as const) {
        const own = ['--port', '0', '--work-dir', tempDir(), '--log-format', 'json'];
        const run = runLauncher([...own, ...flags]);
        const [line] = readLog(await run.stderr);
        assert.equal(line?.level, 'error');
        assert.equal(line['code'], code);
        assert.equal(await run.exitCode, exitCode);
      }
    });

    it('does not keep the gateway from working when the disk is full', async function () {
      if (!existsSync('/dev/full')) {
        // Only Linux has a disk that is always full; the unit test does without one.
        return;
      }
      const gateway = await launch(['--log-file', '/dev/full']);
      for (let n = 0; n < 3; n++) await ask(gateway, 'DEMO:echo one');
      const said = gateway.log.match(/takes no lines: ENOSPC/g) ?? [];
      assert.equal(said.length, 1, gateway.log);
    });

    it('refuses a file that cannot be opened before anything starts', async () => {
      const run = runLauncher(['--log-file', tempDir()]);
      assert.match(await run.stderr, /^lingma-gateway: --log-file cannot be opened: EISDIR/);
      assert.equal(await run.exitCode, 2);
    });
  });

  describe('what goes out to processes and files', () => {
    it('is no variable that a process does not need, and an empty folder', async function () {
      if (process.platform !== 'linux') {
        // Elsewhere nobody can look at the environment of a process; the unit test stands for it.
        return;
      }
      const canaries = {
        OPENAI_API_KEY: 'canary-1',
        AWS_SECRET_ACCESS_KEY: 'canary-2',
        NODE_OPTIONS: '--max-http-header-size=20000',
        VSCODE_IPC_HOOK: 'canary-3',
        ELECTRON_RUN_AS_NODE: '1',
        LINGMA_GATEWAY_API_KEY: 'canary-4',
        LINGMA_GATEWAY_CLIENT_KEYS: 'ci=canary-5',
        MY_TOKEN: 'passed-on',
      };
      const gateway = await launch(['--pass-env', 'MY_*'], canaries);
      const [instance] = (await gateway.stats()).instances;
      const children = readFileSync(
        `/proc/${gateway.child.pid ?? 0}/task/${gateway.child.pid ?? 0}/children`,
        'utf8',
      )
        .split(' ')
        .filter(Boolean);
      assert.ok(children.length >= 2, 'the guardian and the demo');
      for (const pid of children) {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
        assert.doesNotMatch(environment, /canary|NODE_OPTIONS|VSCODE_/);
        assert.match(environment, /(^|\0)PATH=/);
      }
      const pid = instance?.pid ?? 0;
      assert.match(readFileSync(`/proc/${pid}/environ`, 'utf8'), /(^|\0)MY_TOKEN=passed-on\0/);
      assert.deepEqual(readdirSync(`/proc/${pid}/cwd`), []);
    });

    it('are files for their owner alone, the log on request included, whatever the mask', async function () {
      if (process.platform === 'win32') return;
      const logs = path.join(tempDir(), 'logs');
      const before = process.umask(0);
      try {
        await launch(['--log-file', path.join(logs, 'a.log'), '--instances', '2']);
      } finally {
        process.umask(before);
      }
      assert.ok(gateway);
      const id = await ask(gateway, 'DEMO:echo one');
      const line =
        /^\d{4}-\S+Z info {2}turn: (req_\w+) \(owner\) chat gpt-4o, completed on lingma-\d new,/m;
      const [, logged] = await eventually('the line of the turn', () =>
        line.exec(readFileSync(path.join(logs, 'a.log'), 'utf8')),
      );
      assert.equal(logged, id);
      const exposed = [...walk(gateway.workDir), ...walk(logs)].filter(({ mode }) => mode & 0o077);
      assert.deepEqual(exposed, []);
      gateway.child.kill('SIGTERM');
      await once(gateway.child, 'exit');
      assert.deepEqual(
        [...walk(gateway.workDir), ...walk(logs)].filter(({ mode }) => mode & 0o077),
        [],
      );
    });
  });
});

interface Described {
  readonly content: Readonly<Record<string, { readonly schema: object }>>;
}

interface Probe {
  readonly at?: string;
  readonly status?: number;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly key?: string;
}

/** Everything at and below a folder, with its permission bits; what vanishes meanwhile is left out. */
function walk(folder: string): { file: string; mode: number }[] {
  const found = ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })];
  return found.flatMap((name) => {
    const file = path.join(folder, name);
    const stats = statSync(file, { throwIfNoEntry: false });
    return stats ? [{ file, mode: stats.mode & 0o777 }] : [];
  });
}
