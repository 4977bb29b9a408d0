/** Where the launcher listens, under which names, and what it takes to open it to others. */
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { connect } from 'node:net';
import { once } from 'node:events';
import { HeadlessGateway, runLauncher } from '../support/headless';

const KEY = 'a key of more than sixteen';
/** The same machine under another address of loopback; what 0.0.0.0 takes besides 127.0.0.1. */
const OTHER = '127.0.0.2';

describe('the address it listens on', function () {
  this.timeout(60_000);

  /** The first line of the answer to a GET of `/healthz` there, under that Host. */
  async function ask(address: string, port: number, host: string): Promise<string> {
    const socket = connect(port, address);
    socket.setTimeout(10_000, () => socket.destroy());
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.write(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    await once(socket, 'close');
    return text.split(' ', 2)[1] ?? '';
  }

  /** Whether that gateway is there; another program may have the same port of another address. */
  async function isAt(address: string, gateway: HeadlessGateway): Promise<boolean> {
    const asked = 'gateway_http_requests_total{route="/healthz",status="200"}';
    await gateway.fetch('/healthz');
    const before = await gateway.metric(asked);
    await ask(address, Number(new URL(gateway.baseUrl).port), 'localhost').catch(() => undefined);
    return (await gateway.metric(asked)) > before;
  }

  async function refusal(flags: string[], env: Record<string, string> = {}): Promise<string> {
    const run = runLauncher(['--port', '0', ...flags], env);
    assert.notEqual(await run.exitCode, 0);
    assert.equal(await run.firstLine, undefined);
    return run.stderr;
  }

  it('is loopback, and nothing else, without a word of ours', async () => {
    const gateway = await HeadlessGateway.launch();
    assert.equal(new URL(gateway.baseUrl).hostname, '127.0.0.1');
    assert.ok(await isAt('127.0.0.1', gateway));
    const beyond = Object.values(networkInterfaces())
      .flat()
      .flatMap((each) => (each && !each.internal && each.family === 'IPv4' ? each.address : []));
    for (const address of [OTHER, ...beyond]) {
      assert.equal(await isAt(address, gateway), false, address);
    }
    assert.ok(!gateway.log.includes('TLS'));
    await gateway.stop();
  });

  it('can be everywhere, with a key, a warning, and only names that it was told', async () => {
    const gateway = await HeadlessGateway.launch({
      flags: ['--host', '0.0.0.0', '--allowed-host', 'Gateway.Local'],
      env: { LINGMA_GATEWAY_API_KEY: KEY },
    });
    const { hostname, port } = new URL(gateway.baseUrl);
    assert.equal(hostname, '127.0.0.1');
    assert.equal((await gateway.fetch('/v1/models')).status, 200);
    assert.match(gateway.log, /listens on 0\.0\.0\.0:\d+, which other machines can reach/);
    for (const [host, status] of [
      [`${OTHER}:${port}`, '200'],
      [`gateway.local:${port}`, '200'],
      ['localhost', '200'],
      ['127.0.0.3', '421'],
      ['0.0.0.0', '421'],
      ['evil.test', '421'],
    ] as const) {
      assert.equal(await ask(OTHER, Number(port), host), status, host);
    }
    await gateway.stop();
  });

  it('can be another one of loopback without further ado', async () => {
    const gateway = await HeadlessGateway.launch({ flags: ['--host', OTHER] });
    assert.equal(new URL(gateway.baseUrl).hostname, OTHER);
    assert.ok(await isAt(OTHER, gateway));
    assert.equal(await isAt('127.0.0.1', gateway), false);
    await gateway.stop();
  });

  it('can be of IPv6, where the machine has that', async () => {
    const here = Object.values(networkInterfaces()).flat();
    if (here.some((each) => each?.address === '::1')) {
      const gateway = await HeadlessGateway.launch({ flags: ['--host', '[::1]'] });
      assert.match(gateway.baseUrl, /^http:\/\/\[::1\]:\d+$/);
      assert.equal((await gateway.fetch('/v1/models')).status, 200);
      await gateway.stop();
    } else {
      assert.match(await refusal(['--host', '::1']), /has no address ::1/);
    }
  });

  it('is refused beyond loopback without a key of some length, and where it is none', async () => {
    for (const flags of [
      ['--host', '0.0.0.0'],
      ['--host', '::'],
      ['--host', '192.0.2.1', '--api-key', 'short'],
      ['--host', '0.0.0.0', '--client-key', `ci=${KEY}`],
    ]) {
      assert.match(await refusal(flags), /takes a key of your own/, flags.join(' '));
    }
    assert.match(await refusal(['--host', 'localhost']), /--host takes an IP address/);
    assert.match(
      await refusal(['--host', '192.0.2.1', '--api-key', KEY]),
      /no address 192\.0\.2\.1/,
    );
    assert.match(await refusal(['--allowed-host', 'http://x']), /no name of a host/);
  });
});
