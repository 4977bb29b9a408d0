/**
 * Who a request says it is for (Host) and who it says it comes from (Origin), in every spelling that
 * a browser, a proxy or a resolver might read as this machine and the gateway must not.
 */
import assert from 'node:assert/strict';
import { HeadlessGateway } from '../support/headless';
import { exchange, type RawAnswer, rawRequest } from '../support/rawHttp';

const KEY = 'the-key-of-this-test';
const TURN = '{"model":"org_auto","messages":[{"role":"user","content":"let me in"}]}';

describe('the peers of a request', () => {
  let gateway: HeadlessGateway;
  let port: number;

  before(async () => {
    gateway = await HeadlessGateway.launch({ flags: ['--api-key', KEY] });
    port = Number(new URL(gateway.baseUrl).port);
  });
  after(() => gateway.stop());

  const targets = [
    ['GET /healthz', ''],
    ['GET /internal/stats', ''],
    ['POST /v1/chat/completions', TURN],
  ] as const;

  /** What the gateway says to such headers, on what is public, what is the owner's, and a turn. */
  const ask = (...headers: string[]): Promise<RawAnswer[]> =>
    Promise.all(
      targets.map(([target, body]) =>
        exchange(
          port,
          rawRequest(
            [
              `${target} HTTP/1.1`,
              ...headers,
              `Authorization: Bearer ${KEY}`,
              'Content-Type: application/json',
            ],
            body,
          ),
        ),
      ),
    );

  const verdict = ({ status, body }: RawAnswer): string =>
    `${status} ${/"code":"(\w+)"/.exec(body)?.[1] ?? ''}`;

  async function allRefused(how: string, ...headers: string[]): Promise<void> {
    const verdicts = (await ask(...headers)).map(verdict);
    assert.deepEqual(
      verdicts,
      targets.map(() => how),
      headers.join(' | '),
    );
  }

  it('are not served under a name of somebody else', async () => {
    const names = [
      'evil.test',
      '127.0.0.1.evil.test',
      'localhost.evil.test',
      'evil.test.localhost',
      'foo.localhost',
      'localhost.',
      '127.0.0.1.',
      '127.1',
      '127.0.1',
      '127.0.0.2',
      '0177.0.0.1',
      '0x7f000001',
      '0x7f.0.0.1',
      '2130706433',
      '0.0.0.0',
      '0',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[0:0:0:0:0:0:0:1]',
      '[::]',
      '::1',
      'user@127.0.0.1',
      'user:pass@localhost',
      '127.0.0.1#evil.test',
      '127.0.0.1/evil.test',
      '127.0.0.1,evil.test',
      '127.0.0.1 evil.test',
      'localhost\t127.0.0.1',
    ];
    for (const name of names) await allRefused('421 host_not_allowed', `Host: ${name}:${port}`);
    for (const value of ['', ':', `:${port}`, '127.0.0.1:', '127.0.0.1:http', '127.0.0.1:-1']) {
      await allRefused('421 host_not_allowed', `Host: ${value}`);
    }
  });

  it('are not served because a proxy is said to vouch for them', async () => {
    for (const header of [
      'X-Forwarded-Host: 127.0.0.1',
      'X-Host: 127.0.0.1',
      'X-Original-Host: 127.0.0.1',
      'Forwarded: host=127.0.0.1;for=127.0.0.1',
      'X-Real-IP: 127.0.0.1',
    ]) {
      await allRefused('421 host_not_allowed', `Host: evil.test:${port}`, header);
    }
  });

  it('are served as this machine in any letters and at any port, whatever is forwarded', async () => {
    for (const host of [`127.0.0.1:${port}`, 'LocalHost:1', '[::1]', '127.0.0.1:0']) {
      const [health] = await ask(`Host: ${host}`, 'X-Forwarded-Host: evil.test');
      assert.equal(health?.status, 200, host);
    }
  });

  it('are not served when the request line names another host than Host does', async () => {
    for (const authority of ['evil.test', `evil.test:${port}`, `user@127.0.0.1:${port}`, '[::2]']) {
      const { status, text } = await exchange(
        port,
        rawRequest([
          `GET http://${authority}/internal/stats HTTP/1.1`,
          `Host: 127.0.0.1:${port}`,
          `Authorization: Bearer ${KEY}`,
        ]),
      );
      assert.ok(status === 400 || status === 421, `${authority}: ${text.slice(0, 300)}`);
    }
    const same = await exchange(
      port,
      rawRequest([`GET http://127.0.0.1:${port}/healthz HTTP/1.1`, `Host: 127.0.0.1:${port}`]),
    );
    assert.equal(same.status, 200);
  });

  it('are no pages of other origins, however the origin is spelled', async () => {
    const origins = [
      'null',
      '',
      '*',
      'http://evil.test',
      `http://evil.test:${port}`,
      `https://127.0.0.1:${port}`,
      `ws://127.0.0.1:${port}`,
      `http://127.0.0.1:${port}/`,
      `http://127.0.0.1:${port}.evil.test`,
      `http://127.0.0.1:${port}@evil.test`,
      `http://evil.test@127.0.0.1:${port}`,
      `http://127.0.0.1:${port}, http://evil.test`,
      `http://evil.test, http://127.0.0.1:${port}`,
      `http://localhost:${port}`,
      'http://127.0.0.1',
      `http://127.0.0.1:${port + 1}`,
      'file://',
      'vscode-webview://1f2e3d4c5b6a',
      'vscode-file://vscode-app',
      'https://abc.vscode-cdn.net',
      'chrome-extension://abcdefghijklmnop',
      'moz-extension://3c9a2f7e',
      'app://obsidian.md',
    ];
    for (const origin of origins) {
      await allRefused('403 origin_not_allowed', `Host: 127.0.0.1:${port}`, `Origin: ${origin}`);
    }
    await allRefused(
      '403 origin_not_allowed',
      `Host: 127.0.0.1:${port}`,
      `Origin: http://127.0.0.1:${port}`,
      'Origin: http://evil.test',
    );
  });

  it('have run no turn', async () => {
    const { turns } = await gateway.stats();
    assert.equal(gateway.upstream('chat/ask').length, turns.completed);
    // Those of this machine.
    assert.equal(turns.completed, 4);
  });
});
