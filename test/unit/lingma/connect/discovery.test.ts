import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  discover,
  type DiscoverySystem,
  infoFilePaths,
  parseAttachTarget,
  parseInfo,
  socketPaths,
} from '../../../../src/lingma/connect/discovery';
import { assertCode, thrownBy } from '../../../support/errors';

const ALIVE = 100;
const DEAD = 200;
const SEARCH = { kind: 'search' } as const;

interface Machine {
  readonly platform?: NodeJS.Platform;
  readonly env?: Readonly<Record<string, string>>;
  /** Text of each file. */
  readonly files?: Readonly<Record<string, string>>;
  readonly modified?: Readonly<Record<string, number>>;
  readonly pipes?: readonly string[];
}

function machine({ platform = 'linux', env = {}, files = {}, modified = {}, pipes = [] }: Machine) {
  const home = platform === 'win32' ? 'C:\\Users\\ada' : '/home/ada';
  const system: DiscoverySystem = {
    platform,
    home,
    env,
    read: (file) => files[file],
    modifiedMs: (file) => modified[file],
    isAlive: (pid) => pid === ALIVE,
    pipes: () => pipes,
  };
  return system;
}

const info = (port: number, pid = ALIVE, ipcServerPath = ''): string =>
  JSON.stringify({ websocketPort: port, pid, ipcServerPath, isDev: false });

/** Where to dial, in short. */
function found(options: Machine): string[] {
  return discover(SEARCH, machine(options)).endpoints.map((endpoint) =>
    endpoint.kind === 'local' ? endpoint.path : endpoint.url,
  );
}

describe('lingma/connect/discovery', () => {
  describe('parseInfo', () => {
    for (const [title, text, expected] of [
      ['the modern form', info(36510, 14060, '/x.sock'), [36510, 14060, '/x.sock']],
      ['numbers as text', '{"websocketPort":"36510","pid":"7"}', [36510, 7, undefined]],
      [
        'a socket alone',
        '{"websocketPort":0,"ipcServerPath":"/x.sock"}',
        [undefined, undefined, '/x.sock'],
      ],
      ['the lines', '36510\n14060\n/x.sock\n', [36510, 14060, '/x.sock']],
      ['lines of Windows, spaces and gaps', ' 36510 \r\n\r\n 14060\r\n', [36510, 14060, undefined]],
      ['a port alone', '36510', [36510, undefined, undefined]],
    ] as const) {
      it(`reads ${title}`, () => {
        const { port, pid, ipcPath } = parseInfo(text) ?? {};
        assert.deepEqual([port, pid, ipcPath], expected);
      });
    }

    for (const text of [
      '',
      ' \r\n',
      '{"websocketPort":36',
      '{}',
      '[1]',
      '0',
      '-1\n5',
      '70000',
      'x',
    ]) {
      it(`takes nothing from ${JSON.stringify(text)}`, () => {
        assert.equal(parseInfo(text), undefined);
      });
    }
  });

  describe('the search', () => {
    it('C-27 (27) .info.json goes before .info, and what is invalid falls through', () => {
      const folder = '/home/ada/.lingma';
      const files = { [`${folder}/.info.json`]: info(1), [`${folder}/.info`]: `2\n${ALIVE}\n` };
      assert.deepEqual(found({ files }), ['ws://127.0.0.1:1/', 'ws://127.0.0.1:2/']);
      const broken = { ...files, [`${folder}/.info.json`]: '{"websocketPort":' };
      assert.deepEqual(found({ files: broken }), ['ws://127.0.0.1:2/']);
    });

    it('C-25 (25) a file whose process has ended is passed over, and that is told', () => {
      const files = { '/home/ada/.lingma/.info.json': info(1, DEAD) };
      const { endpoints, problems } = discover(SEARCH, machine({ files }));
      assert.deepEqual(endpoints, []);
      assert.deepEqual(problems, [
        '/home/ada/.lingma/.info.json was left by process 200, which has ended',
      ]);
    });

    it('goes from the configuration folder over the products to the old places', () => {
      const places = infoFilePaths(machine({}));
      const order = [
        '/home/ada/.config/QoderCN/SharedClientCache/.info.json',
        '/home/ada/.config/QoderCN/SharedClientCache/.info',
        '/home/ada/.config/QoderCN/sharedClientCache/.info.json',
        '/home/ada/.config/Qoder/SharedClientCache/.info.json',
        '/home/ada/.config/Lingma/SharedClientCache/.info.json',
        '/home/ada/.config/SharedClientCache/.info.json',
        '/home/ada/.qodercn/vscode/SharedClientCache/.info.json',
        '/home/ada/.qodercn/SharedClientCache/.info.json',
        '/home/ada/.lingma/vscode/sharedClientCache/.info.json',
        '/home/ada/.lingma/.info.json',
        '/home/ada/.qoder-cn/shared_client/.info.json',
        '/home/ada/.qoder-cn/.info.json',
      ].map((file) => places.indexOf(file));
      assert.ok(!order.includes(-1), order.join());
      assert.deepEqual(
        order,
        [...order].sort((left, right) => left - right),
      );
      assert.equal(new Set(places).size, places.length);
    });

    it('finds the configuration folder of each system', () => {
      const first = (options: Machine) => infoFilePaths(machine(options))[0];
      const tail = 'QoderCN/SharedClientCache/.info.json';
      assert.equal(first({ env: { XDG_CONFIG_HOME: '/xdg' } }), `/xdg/${tail}`);
      assert.equal(first({ platform: 'darwin' }), `/home/ada/Library/Application Support/${tail}`);
      const env = { APPDATA: 'C:\\Roaming', LOCALAPPDATA: 'C:\\Local', ProgramData: 'C:\\All' };
      assert.equal(
        first({ platform: 'win32', env }),
        'C:\\Roaming\\QoderCN\\SharedClientCache\\.info.json',
      );
      const places = infoFilePaths(machine({ platform: 'win32', env }));
      assert.ok(places.includes('C:\\Local\\Lingma\\SharedClientCache\\.info'));
      assert.ok(places.includes('C:\\All\\.info'));
    });

    it('names the same place once where case does not matter', () => {
      const folders = (platform: NodeJS.Platform) =>
        infoFilePaths(machine({ platform })).filter((file) =>
          /\.lingma[/\\]sharedclientcache[/\\]\.info$/i.test(file),
        );
      assert.equal(folders('linux').length, 2);
      assert.equal(folders('darwin').length, 1);
      assert.equal(folders('win32').length, 1);
    });

    it('prefers the WebSocket to the socket, and on Windows the pipe to the WebSocket', () => {
      const both = (ipc: string) => info(1, ALIVE, ipc);
      assert.deepEqual(found({ files: { '/home/ada/.lingma/.info.json': both('/l.sock') } }), [
        'ws://127.0.0.1:1/',
        '/l.sock',
      ]);
      const files = { 'C:\\Users\\ada\\.lingma\\.info.json': both('lingma-bf0f32') };
      assert.deepEqual(found({ platform: 'win32', files }), [
        '\\\\.\\pipe\\lingma-bf0f32',
        'ws://127.0.0.1:1/',
      ]);
    });

    it('tries the sockets at last, the one written last first', () => {
      const [, , , lingma = '', qodercn = ''] = socketPaths(machine({}));
      const modified = { [lingma]: 1, [qodercn]: 2 };
      assert.deepEqual(found({ modified }), [qodercn, lingma]);
      assert.deepEqual(found({ modified, env: { LINGMA_IPC_SOCKET: '/mine.sock' } }), [
        '/mine.sock',
      ]);
    });

    it('takes the last of the pipes that are Lingma’s', () => {
      const pipes = ['lingma-1', 'qodercn-9', 'other-z', 'lingma-5'];
      assert.deepEqual(found({ platform: 'win32', pipes }), ['\\\\.\\pipe\\qodercn-9']);
      assert.deepEqual(found({ platform: 'win32', pipes, env: { LINGMA_IPC_PIPE: 'lingma-x' } }), [
        '\\\\.\\pipe\\lingma-x',
      ]);
    });

    it('a URL in the environment goes before everything, a named file before the usual ones', () => {
      const files = { '/home/ada/.lingma/.info': `1\n${ALIVE}`, '/mine': `2\n${ALIVE}` };
      const env = { LINGMA_SHARED_CLIENT_INFO: '/mine' };
      assert.deepEqual(found({ files, env }), ['ws://127.0.0.1:2/']);
      assert.deepEqual(found({ files, env: { ...env, LINGMA_PROXY_WS_URL: 'ws://host:3' } }), [
        'ws://host:3/',
      ]);
      const { problems } = discover(SEARCH, machine({ env: { LINGMA_PROXY_WS_URL: 'http://x' } }));
      assert.match(problems.join(), /LINGMA_PROXY_WS_URL is no WebSocket URL/);
    });

    it('finds nothing on an empty machine', () => {
      assert.deepEqual(discover(SEARCH, machine({})), { endpoints: [], problems: [] });
    });
  });

  describe('a target somebody chose', () => {
    const target = (text: string) => parseAttachTarget(text, '/home/ada');

    it('is a search, a URL, a socket, a pipe or an info file', () => {
      assert.deepEqual(target(' '), SEARCH);
      assert.deepEqual(target('auto'), SEARCH);
      assert.deepEqual(target('ws://127.0.0.1:36510'), {
        kind: 'url',
        url: 'ws://127.0.0.1:36510/',
      });
      assert.deepEqual(target('~/x/lingma.sock'), {
        kind: 'local',
        path: '/home/ada/x/lingma.sock',
      });
      assert.deepEqual(target('\\\\.\\pipe\\lingma-1'), {
        kind: 'local',
        path: '\\\\.\\pipe\\lingma-1',
      });
      assert.deepEqual(target('~/.lingma/.info'), {
        kind: 'infoFile',
        file: '/home/ada/.lingma/.info',
      });
    });

    for (const text of ['http://127.0.0.1:36510', 'file:///x', 'ws://']) {
      it(`${text} is refused`, () => {
        assertCode(
          thrownBy(() => target(text)),
          'invalid_request',
        );
      });
    }

    it('a named file that is missing is a problem, not a silence', () => {
      const { problems } = discover({ kind: 'infoFile', file: '/none' }, machine({}));
      assert.deepEqual(problems, ['/none cannot be read']);
    });

    it('the port of another machine is none of ours', () => {
      const [here, there] = ['ws://localhost:1/', 'ws://example.test:1/'].map(
        (url) => discover({ kind: 'url', url }, machine({})).endpoints[0],
      );
      assert.deepEqual(
        [here, there].map((endpoint) => endpoint?.kind === 'websocket' && endpoint.port),
        [1, null],
      );
    });
  });
});
