import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { nodeEnvironment, programEnvironment } from '../../../src/lingma/environment';

describe('lingma/environment', () => {
  const withheld = [
    'LINGMA_GATEWAY_API_KEY',
    'LINGMA_GATEWAY_CLIENT_KEYS',
    'Lingma_Gateway_Api_Key',
    'VSCODE_PID',
    'ELECTRON_NO_ASAR',
    'NODE_OPTIONS',
  ];
  const passed = ['LINGMA_GATEWAY_API_KEY_FILE', 'DEMO_LINGMA_RECORD', 'MY_VSCODE_SETTING'];
  let before: NodeJS.ProcessEnv;

  beforeEach(() => {
    before = { ...process.env };
    for (const name of [...withheld, ...passed]) process.env[name] = 'set';
  });
  afterEach(() => {
    process.env = before;
  });

  for (const environment of [programEnvironment, nodeEnvironment]) {
    it(`${environment.name} keeps the keys of the API and the editor's variables to us`, () => {
      const names = Object.keys(environment());
      assert.deepEqual(
        withheld.filter((name) => names.includes(name)),
        [],
      );
      assert.deepEqual(
        passed.filter((name) => !names.includes(name)),
        [],
      );
      assert.ok(names.includes('PATH'));
    });
  }

  it('our own scripts run on Electron as on Node', () => {
    assert.equal(nodeEnvironment()['ELECTRON_RUN_AS_NODE'], '1');
    assert.equal(programEnvironment()['ELECTRON_RUN_AS_NODE'], undefined);
  });
});
