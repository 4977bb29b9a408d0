import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, describe, it } from 'mocha';
import { stopping } from '../../../src/base/errors';
import { MAX_IMAGE_BYTES } from '../../../src/conversation/images';
import type { ImagePart, Message } from '../../../src/conversation/messages';
import {
  fetchRemoteImages,
  MAX_REMOTE_IMAGES,
  refuseRemoteImages,
} from '../../../src/gateway/remoteImages';
import { type RemoteNetwork, systemNetwork } from '../../../src/gateway/remoteNetwork';
import { assertCode, rejectionOf } from '../../support/errors';
import { assistant, call, message, result, user } from '../../support/messages';
import { dataUri, png } from '../../support/pictures';

const PUBLIC = '93.184.216.34';
const PATH = 'messages[0].content[0].image_url.url';
const never = new AbortController().signal;

function remote(url: string, path = PATH): ImagePart {
  return { type: 'image', url, path };
}

/**
 * A network whose names have the given addresses, one list for each time they are asked for.
 * Whoever connects to a public address reaches the test's own server, by the gateway's own way.
 */
class StubNetwork implements RemoteNetwork {
  readonly resolved: string[] = [];
  readonly connected: (readonly string[])[] = [];
  readonly closed: string[] = [];
  readonly #names: Record<string, string[][]>;

  constructor(names: Record<string, string[][]> = {}) {
    this.#names = names;
  }

  resolve(hostname: string): Promise<readonly string[]> {
    this.resolved.push(hostname);
    const answers = this.#names[hostname] ?? [[PUBLIC]];
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    return answer ? Promise.resolve(answer) : Promise.reject(new Error('ENOTFOUND'));
  }

  async get(url: URL, addresses: readonly string[], signal: AbortSignal) {
    this.connected.push(addresses);
    const answer = await systemNetwork.get(url, ['127.0.0.1'], signal);
    return {
      ...answer,
      close: () => {
        this.closed.push(url.pathname);
        answer.close();
      },
    };
  }
}

describe('gateway/remoteImages', () => {
  let server: Server;
  let port = 0;
  let handler: RequestListener = () => undefined;
  let hits: string[] = [];
  let network = new StubNetwork();

  before(async () => {
    server = createServer((request, response) => {
      hits.push(`${request.headers.host ?? ''}${request.url ?? ''}`);
      handler(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  afterEach(() => {
    hits = [];
    network = new StubNetwork();
  });

  const at = (path: string, host = 'pictures.example'): string => `http://${host}:${port}${path}`;
  const fetched = (messages: readonly Message[], signal = never, timeoutMs?: number) =>
    fetchRemoteImages(network, timeoutMs)(messages, signal);

  /** The refusal of one address; it names the field and no address of ours. */
  async function refused(url: string, reason: RegExp, signal?: AbortSignal, timeoutMs?: number) {
    const error = await rejectionOf(fetched([user(remote(url))], signal, timeoutMs));
    assertCode(error, 'invalid_request');
    assert.deepEqual([error.status, error.param], [400, PATH]);
    assert.ok(error.message.includes(PATH), error.message);
    assert.match(error.message, reason);
    assert.doesNotMatch(error.message, /127\.|169\.254|10\.0/);
  }

  it('puts the bytes in the place of each address, in results of tools, too', async () => {
    handler = ({ url }, response) => {
      // What the server says of its type does not count.
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.end(png(url === '/1' ? 1 : 2));
    };
    const held: ImagePart = { type: 'image', url: dataUri(png(3)) };
    const asked = assistant('b', call('f', '{}'));
    const messages = [
      user('a', remote(at('/1')), held),
      asked,
      message('tool', result('c', remote(at('/2')), remote(at('/1')))),
    ];
    const [one, two] = [1, 2].map((number): ImagePart => ({
      type: 'image',
      url: dataUri(png(number)),
    }));
    assert.ok(one && two);
    assert.deepEqual(await fetched(messages), [
      user('a', one, held),
      asked,
      message('tool', result('c', two, one)),
    ]);
    assert.deepEqual(hits.sort(), [1, 2].map((n) => `pictures.example:${port}/${n}`).sort());
    assert.deepEqual(network.closed.sort(), ['/1', '/2']);
  });

  it('leaves a conversation without remote images alone', async () => {
    const messages = [user('a', { type: 'image', url: dataUri(png(1)) })];
    assert.equal(await fetched(messages), messages);
    assert.equal(await refuseRemoteImages(messages, never), messages);
  });

  it('refuses them all where nothing is fetched', async () => {
    const messages = [user('a'), message('tool', result(remote('https://example.com/a', 'p')))];
    const error = await rejectionOf(refuseRemoteImages(messages, never));
    assertCode(error, 'unsupported_content');
    assert.deepEqual([error.status, error.param], [400, 'p']);
    assert.match(error.message, /does not fetch.*data: URI/);
  });

  describe('calls nothing', () => {
    afterEach(() => {
      assert.deepEqual(hits, []);
      assert.deepEqual(network.connected, []);
    });

    for (const host of [
      '127.0.0.1',
      '2130706433',
      '0x7f.1',
      '0.0.0.0',
      '10.0.0.1',
      '169.254.169.254',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[fd00::1]',
    ]) {
      it(`at ${host}`, async () => {
        await refused(at('/', host), /no public address/);
        assert.deepEqual(network.resolved, []);
      });
    }

    for (const [what, addresses] of Object.entries({
      'a private address': ['10.0.0.1'],
      'a private address beside a public one': [PUBLIC, '127.0.0.1'],
      'no address': [],
    })) {
      it(`by a name with ${what}`, async () => {
        network = new StubNetwork({ 'pictures.example': [addresses] });
        await refused(at('/'), /no public address/);
      });
    }

    it('by a name that nobody has, and tells no difference', async () => {
      network = new StubNetwork({ 'pictures.example': [] });
      await refused(at('/'), /no public address/);
    });

    it('by what is no such address, or has a password', async () => {
      await refused('http://', /no http or https/);
      await refused('http://a:b@pictures.example/', /password/);
      await refused('http://a@pictures.example/', /user name/);
    });

    it(`for more than ${MAX_REMOTE_IMAGES} addresses`, async () => {
      const images = Array.from({ length: MAX_REMOTE_IMAGES + 1 }, (_, index) =>
        remote(at(`/${index}`), `p[${index}]`),
      );
      const error = await rejectionOf(fetched([user(...images)]));
      assertCode(error, 'invalid_request');
      assert.equal(error.param, `p[${MAX_REMOTE_IMAGES}]`);
    });
  });

  it('asks for a name once, and connects to what was checked', async () => {
    network = new StubNetwork({ 'pictures.example': [[PUBLIC, '1.1.1.1'], ['127.0.0.1']] });
    handler = (_, response) => response.end(png(1));
    await fetched([user(remote(at('/')))]);
    assert.deepEqual(network.resolved, ['pictures.example']);
    assert.deepEqual(network.connected, [[PUBLIC, '1.1.1.1']]);
  });

  describe('redirects', () => {
    const redirectTo = (location: string): void => {
      handler = (_, response) => response.writeHead(302, { location }).end('moved');
    };

    it('are followed, three of them', async () => {
      handler = ({ url }, response) => {
        const left = Number(url?.slice(1));
        if (left === 0) response.end(png(1));
        else response.writeHead(307, { location: `/${left - 1}` }).end();
      };
      const [got] = await fetched([user(remote(at('/3')))]);
      assert.deepEqual(got?.parts, [{ type: 'image', url: dataUri(png(1)) }]);
      assert.equal(network.resolved.length, 4);
      await refused(at('/4'), /redirected more than 3 times/);
    });

    it('to this machine are refused', async () => {
      for (const location of [`http://127.0.0.1:${port}/in`, `http://[::1]:${port}/in`]) {
        redirectTo(location);
        await refused(at('/'), /no public address/);
      }
      assert.ok(hits.every((hit) => !hit.endsWith('/in')));
    });

    it('to a name inside are refused', async () => {
      network = new StubNetwork({ 'inside.example': [['10.0.0.1']] });
      redirectTo(at('/in', 'inside.example'));
      await refused(at('/'), /no public address/);
      assert.equal(hits.length, 1);
    });

    it('to the same name are checked again', async () => {
      network = new StubNetwork({ 'pictures.example': [[PUBLIC], ['127.0.0.1']] });
      redirectTo('/again');
      await refused(at('/'), /no public address/);
      assert.equal(hits.length, 1);
    });

    it('to other schemes and with passwords are refused', async () => {
      redirectTo('file:///etc/passwd');
      await refused(at('/'), /no http or https/);
      redirectTo('//a:b@pictures.example/');
      await refused(at('/'), /password/);
    });
  });

  it('takes 20 MiB and no byte more, whatever the length is said to be', async () => {
    const bytes = (size: number): Buffer =>
      Buffer.concat([png(1), Buffer.alloc(size)]).subarray(0, size);
    // Without a length, in pieces.
    handler = ({ url }, response) => {
      const all = bytes(MAX_IMAGE_BYTES + Number(url?.slice(1)));
      response.write(all.subarray(0, 1_000));
      response.end(all.subarray(1_000));
    };
    const [got] = await fetched([user(remote(at('/0')))]);
    const [part] = got?.parts ?? [];
    assert.ok(part?.type === 'image' && part.url.length > MAX_IMAGE_BYTES);
    await refused(at('/1'), /larger than 20 MiB/);
  });

  it('stops reading where a picture gets too large', async () => {
    let closed = false;
    handler = (_, response) => {
      response.on('close', () => (closed = true));
      const more = (): void => {
        while (!closed && response.write(Buffer.alloc(1 << 20)));
        response.once('drain', more);
      };
      more();
    };
    await refused(at('/'), /larger than 20 MiB/);
  });

  it('refuses what is no picture, whatever it is called', async () => {
    handler = (_, response) => {
      response.writeHead(200, { 'content-type': 'image/png' }).end('<html>no</html>');
    };
    await refused(at('/'), /no PNG, JPEG/);
  });

  it('refuses what is not answered with a picture', async () => {
    handler = (_, response) => response.writeHead(404).end(png(1));
    await refused(at('/'), /status 404/);
    handler = (_, response) => response.writeHead(302).end(png(1));
    await refused(at('/'), /status 302/);
    handler = ({ socket }) => socket.destroy();
    await refused(at('/'), /could not be fetched/);
  });

  it('gives up a server that is slow to answer, or to end', async () => {
    handler = () => undefined;
    await refused(at('/'), /not there in time/, never, 100);
    handler = (_, response) => response.write(png(1));
    await refused(at('/'), /not there in time/, never, 100);
  });

  it('gives up a name that is slow to be found', async () => {
    network.resolve = () => new Promise<never>(() => undefined);
    await refused(at('/'), /not there in time/, never, 100);
  });

  it('ends with the turn, for its reason, and leaves no connection', async () => {
    for (const [reason, code] of [
      [stopping(), 'stopping'],
      [undefined, 'cancelled'],
    ] as const) {
      const turn = new AbortController();
      let left: Promise<unknown> | undefined;
      handler = (request, response) => {
        left = once(request.socket, 'close');
        response.write(png(1));
        setTimeout(() => {
          turn.abort(reason);
        }, 50);
      };
      assertCode(await rejectionOf(fetched([user(remote(at('/')))], turn.signal)), code);
      await left;
      assertCode(await rejectionOf(fetched([user(remote(at('/')))], turn.signal)), code);
    }
  });

  it('fetches side by side, and ends the others when one fails', async () => {
    const open = new Map<string | undefined, ServerResponse>();
    let left: Promise<unknown> | undefined;
    handler = (request, response) => {
      open.set(request.url, response);
      if (request.url === '/slow') left = once(request.socket, 'close');
      if (open.size === 2) open.get('/fails')?.writeHead(500).end();
    };
    const images = [remote(at('/fails'), 'p[0]'), remote(at('/slow'), 'p[1]')];
    const error = await rejectionOf(fetched([user(...images)]));
    assert.match(error.message, /status 500/);
    assert.equal(open.size, 2);
    await left;
  });
});
