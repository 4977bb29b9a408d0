import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'mocha';
import { HeadlessGateway, runLauncher } from '../support/headless';

interface Refusal {
  readonly error: { message: string; type: string; param: string | null; code: string };
}

const JSON_TYPE = { 'content-type': 'application/json' };

describe('headless: refusals', () => {
  let gateway: HeadlessGateway;

  before(async () => {
    gateway = await HeadlessGateway.launch({ flags: ['--api-key', 'the-key'] });
  });
  after(() => gateway.stop());

  const post = (body: string, headers: Record<string, string> = {}) =>
    gateway.fetch('/v1/chat/completions', {
      method: 'POST',
      headers: { ...JSON_TYPE, ...headers },
      body,
    });
  const ask = (fields: object) =>
    JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }], ...fields });

  async function refused(
    response: Response,
    status: number,
    code: string,
  ): Promise<Refusal['error']> {
    const { error } = (await response.json()) as Refusal;
    assert.deepEqual([response.status, error.code], [status, code]);
    assert.ok(error.message.length > 10);
    assert.ok(response.headers.get('x-request-id'));
    return error;
  }

  it('takes the key as Bearer or x-api-key, and either when both are sent', async () => {
    const models = (headers: Record<string, string>) =>
      fetch(`${gateway.baseUrl}/v1/models`, { headers });
    assert.equal((await models({ authorization: 'Bearer the-key' })).status, 200);
    assert.equal((await models({ 'x-api-key': 'the-key' })).status, 200);
    const both = { authorization: 'Bearer sk-of-somebody-else', 'x-api-key': 'the-key' };
    assert.equal((await models(both)).status, 200);
    await refused(await models({}), 401, 'invalid_api_key');
    await refused(await models({ authorization: 'Bearer wrong' }), 401, 'invalid_api_key');
    await refused(await models({ authorization: 'Basic the-key' }), 401, 'invalid_api_key');
  });

  it('wants the key on everything but /healthz', async () => {
    for (const pathname of ['/metrics', '/internal/stats', '/v1/models']) {
      await refused(await fetch(gateway.baseUrl + pathname), 401, 'invalid_api_key');
    }
    const health = await fetch(`${gateway.baseUrl}/healthz`);
    assert.equal(health.status, 200);
    const body = (await health.json()) as { status: string; demo: boolean; hint: string };
    assert.equal(body.status, 'ok');
    assert.equal(body.demo, true);
    assert.match(body.hint, /--lingma PROGRAM/);
  });

  it('refuses a foreign Host', async () => {
    for (const host of ['evil.example', 'evil.example:8317', '127.0.0.1.evil.example', '0.0.0.0']) {
      const { status, code } = await rawGet(gateway, '/healthz', { host });
      assert.deepEqual([host, status, code], [host, 421, 'host_not_allowed']);
    }
    for (const host of ['localhost:9', '[::1]', 'LOCALHOST']) {
      assert.equal((await rawGet(gateway, '/healthz', { host })).status, 200);
    }
  });

  it('refuses a foreign Origin, and takes its own', async () => {
    for (const origin of [
      'http://evil.example',
      'null',
      'https://localhost',
      'http://localhost:1',
    ]) {
      await refused(
        await gateway.fetch('/v1/models', { headers: { origin } }),
        403,
        'origin_not_allowed',
      );
    }
    const own = await gateway.fetch('/v1/models', { headers: { origin: gateway.baseUrl } });
    assert.equal(own.status, 200);
  });

  it('refuses what is not JSON', async () => {
    await refused(await post('{"model": "gpt-4o", "messages": ['), 400, 'invalid_json');
    await refused(await post(''), 400, 'invalid_json');
    await refused(
      await post('hello', { 'content-type': 'text/plain' }),
      415,
      'unsupported_media_type',
    );
    await refused(
      await post('x=1', { 'content-type': 'application/x-www-form-urlencoded' }),
      415,
      'unsupported_media_type',
    );
    await refused(
      await post('zipped', { 'content-encoding': 'zstd' }),
      415,
      'unsupported_media_type',
    );
  });

  it('names the field that is wrong', async () => {
    for (const [fields, param] of [
      [{ model: undefined }, 'model'],
      [{ model: '' }, 'model'],
      [{ messages: [] }, 'messages'],
      [{ messages: 'hi' }, 'messages'],
      [{ messages: [{ role: 'robot', content: 'hi' }] }, 'messages[0].role'],
      [{ messages: [{ role: 'user' }] }, 'messages[0].content'],
      [
        { messages: [{ role: 'user', content: [{ type: 'text' }] }] },
        'messages[0].content[0].text',
      ],
      [{ stream: 'yes' }, 'stream'],
      [{ tools: [{ type: 'custom', custom: { name: 'f' } }] }, 'tools[0].type'],
      [{ tools: [{ type: 'function', function: {} }] }, 'tools[0].function.name'],
      [{ tool_choice: 'sometimes' }, 'tool_choice'],
    ] as const) {
      const error = await refused(await post(ask(fields)), 400, 'invalid_request');
      assert.equal(error.param, param);
      assert.equal(error.type, 'invalid_request_error');
    }
    await refused(await post('[]'), 400, 'invalid_request');
  });

  it('refuses what it would otherwise have to ignore', async () => {
    for (const fields of [{ functions: [{ name: 'f' }] }, { n: 2 }, { logprobs: true }]) {
      const error = await refused(await post(ask(fields)), 400, 'unsupported_parameter');
      assert.equal(error.param, Object.keys(fields)[0]);
    }
    const sound = { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } };
    const error = await refused(
      await post(ask({ messages: [{ role: 'user', content: [sound] }] })),
      400,
      'unsupported_content',
    );
    assert.equal(error.param, 'messages[0]');
    // What says "the usual" asks for nothing.
    const usual = {
      n: 1,
      tools: [],
      stop: null,
      response_format: { type: 'text' },
      temperature: 1,
    };
    assert.equal((await post(ask(usual))).status, 200);
  });

  it('answers an unknown model with the valid ids', async () => {
    const error = await refused(
      await post(ask({ model: 'no-such-model' })),
      404,
      'model_not_found',
    );
    assert.equal(error.param, 'model');
    const list = (await (await gateway.fetch('/v1/models')).json()) as { data: { id: string }[] };
    assert.ok(list.data.length > 1);
    // Names beside the ids stand for one of them.
    const ids = list.data.map(({ id }) => id).filter((id) => id !== 'lingma-agent');
    for (const id of ids) assert.ok(error.message.includes(id), id);
    for (const model of ['claude-opus-9', 'gpt-7', 'o3-mini', 'kmodel', 'Kimi-K2.6']) {
      assert.equal((await post(ask({ model }))).status, 200, model);
    }
  });

  it('refuses a body over 32 MiB, announced or not', async () => {
    const megabyte = 'x'.repeat(1024 * 1024);
    await refused(await post(megabyte.repeat(33)), 413, 'body_too_large');
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent++ === 40) controller.close();
        else controller.enqueue(Buffer.from(megabyte));
      },
    });
    const chunked = await gateway.fetch('/v1/chat/completions', {
      method: 'POST',
      headers: JSON_TYPE,
      body: endless,
      duplex: 'half',
    });
    await refused(chunked, 413, 'body_too_large');
    const nearly = JSON.stringify({ pad: megabyte.repeat(31), ...(JSON.parse(ask({})) as object) });
    assert.equal((await post(nearly)).status, 200);
  });

  it('answers unknown routes and methods in JSON', async () => {
    const unknown = await refused(await gateway.fetch('/v2/nothing?x=1'), 404, 'not_found');
    assert.match(unknown.message, /\/v1\/chat\/completions/);
    await refused(await gateway.fetch('/v1/chat/completions'), 405, 'method_not_allowed');
    assert.equal((await gateway.fetch('/healthz', { method: 'HEAD' })).status, 200);
  });

  it('is still well after all that', async () => {
    assert.equal((await post(ask({}))).status, 200);
    assert.equal((await gateway.stats()).concurrency.inFlight, 0);
  });
});

describe('headless: flags', () => {
  const workDir = path.join(tmpdir(), `lingma-flags-${process.pid}`);

  it('a bad flag exits 2 with one clear line', async () => {
    for (const [flags, pattern] of [
      [['--port', 'many'], /--port takes a whole number from 0 to 65535, not "many"/],
      [['--port', '70000'], /--port takes a whole number/],
      [['--instances', '0'], /--instances takes a whole number from 1 to 16/],
      [['--ask-mode', 'edit'], /--ask-mode takes chat or agent, not "edit"/],
      [
        ['--images-without-vision', 'drop'],
        /--images-without-vision takes refuse or placeholder, not "drop"/,
      ],
      [['--colour'], /Unknown option '--colour'/],
      [['stray'], /Unexpected argument 'stray'/],
      [['--lingma', ''], /--lingma needs a value/],
      [['--port'], /--port/],
    ] as const) {
      const run = runLauncher(flags);
      assert.equal(await run.exitCode, 2, flags.join(' '));
      const stderr = await run.stderr;
      assert.match(stderr, pattern);
      assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
      assert.equal(await run.firstLine, undefined);
    }
  });

  it('a key that no header could carry exits 2, whichever way it came', async () => {
    for (const key of [
      ' sesame',
      'sesame\n',
      '\u00a0sesame',
      'ses\tame',
      'ses\u007fame',
      'ses\u0085ame',
      'schlüssel→',
    ]) {
      for (const [flags, env, name] of [
        [['--api-key', key], {}, '--api-key'],
        [[], { LINGMA_GATEWAY_API_KEY: key }, 'LINGMA_GATEWAY_API_KEY'],
      ] as const) {
        const run = runLauncher(['--port', '0', '--work-dir', workDir, ...flags], env);
        const started = await run.firstLine;
        if (started !== undefined) run.child.kill();
        assert.equal(started, undefined, JSON.stringify(key));
        assert.equal(await run.exitCode, 2);
        const stderr = await run.stderr;
        assert.ok(stderr.startsWith(`lingma-gateway: ${name} `), stderr);
        assert.ok(!stderr.includes(key.trim()), 'keys stay out of logs');
        assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
      }
    }
  });

  it('a key may have blanks inside and letters of Latin-1', async () => {
    const gateway = await HeadlessGateway.launch({ flags: ['--api-key', 'mein schlüssel'] });
    try {
      assert.equal((await gateway.fetch('/v1/models')).status, 200);
    } finally {
      await gateway.stop();
    }
  });

  it('--help names every flag', async () => {
    const run = runLauncher(['--help']);
    assert.equal(await run.exitCode, 0);
    const help = await run.stderr;
    for (const flag of ['lingma', 'instances', 'port', 'api-key', 'work-dir', 'max-in-flight']) {
      assert.ok(help.includes(`--${flag} `), flag);
    }
  });

  it('a taken port exits 1, names the next step, and starts no process', async () => {
    const stranger = createServer();
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const address = stranger.address();
    assert.ok(typeof address === 'object' && address);
    const run = runLauncher(['--port', String(address.port), '--work-dir', workDir]);
    assert.equal(await run.exitCode, 1);
    const stderr = await run.stderr;
    assert.match(stderr, /Port \d+ on 127\.0\.0\.1 is taken .* choose another port/);
    assert.doesNotMatch(stderr, /ready/);
    stranger.close();
  });

  it('a program that does not exist exits 1 and says where it looked', async () => {
    const run = runLauncher(['--port', '0', '--work-dir', workDir, '--lingma', '/no/such/Lingma']);
    assert.equal(await run.exitCode, 1);
    assert.match(await run.stderr, /There is no Lingma program at \/no\/such\/Lingma\. Correct/);
  });
});

/** A GET whose Host header fetch would not let us choose. */
function rawGet(
  gateway: HeadlessGateway,
  pathname: string,
  headers: Record<string, string>,
): Promise<{ status: number; code: string | undefined }> {
  return new Promise((resolve, reject) => {
    request(gateway.baseUrl + pathname, { headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const body = JSON.parse(text) as Partial<Refusal>;
        resolve({ status: response.statusCode ?? 0, code: body.error?.code });
      });
    })
      .on('error', reject)
      .end();
  });
}
