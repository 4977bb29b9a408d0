import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { describeConfig } from '../../../src/gateway/effectiveConfig';
import type { GatewayOptions } from '../../../src/gateway/options';
import { parseFlags } from '../../../src/headless/flags';
import { settingOrigins } from '../../../src/vscode/settingOrigins';
import { settingDefaults } from '../../../src/vscode/settings';

const CANARY = 'canary-0123456789abcdef';

describe('gateway/effectiveConfig', () => {
  function fromFlags(argv: readonly string[], env: Record<string, string> = {}) {
    const flags = parseFlags(argv, env);
    assert.ok(flags !== 'help');
    const options: GatewayOptions = { ...flags.gateway, apiKey: CANARY, distDir: '/dist' };
    return { options, origins: flags.origins };
  }

  it('has every option, each with where it comes from', () => {
    const { options, origins } = fromFlags(['--port', '0', '--verbose', '--lingma', '/lingma'], {
      LINGMA_GATEWAY_CLIENT_KEYS: `ci=${CANARY}`,
    });
    const config = describeConfig(options, options, origins);
    const missing = Object.keys(options).filter((name) => !(name in config));
    assert.deepEqual(missing, []);
    assert.deepEqual(config['port'], { value: 0, origin: { from: 'flag', name: '--port' } });
    assert.deepEqual(config['instances'], { value: 1, origin: { from: 'default' } });
    assert.deepEqual(config['source'], {
      value: { kind: 'lingma', program: '/lingma' },
      origin: { from: 'flag', name: '--lingma' },
    });
    assert.deepEqual(config['apiKey'], { value: '[redacted]', origin: { from: 'generated' } });
    assert.deepEqual(config['clientKeys'], {
      value: ['ci'],
      origin: { from: 'environment', name: 'LINGMA_GATEWAY_CLIENT_KEYS' },
    });
    assert.deepEqual(config['logLevel'], {
      value: 'debug',
      origin: { from: 'flag', name: '--verbose' },
    });
    assert.deepEqual(config['logFile']?.origin, { from: 'default' });
  });

  it('tells what was changed since from what was given', () => {
    const { options, origins } = fromFlags(['--instances', '2', '--session-ttl', '9']);
    const config = describeConfig(options, { ...options, instances: 3 }, origins);
    assert.deepEqual(config['instances'], { value: 3, origin: { from: 'request' } });
    assert.deepEqual(config['sessionTtlSeconds']?.origin, { from: 'flag', name: '--session-ttl' });
  });

  it('gives no secret away, wherever one may stand', () => {
    const env = { LINGMA_GATEWAY_API_KEY: CANARY, LINGMA_GATEWAY_CLIENT_KEYS: `ci=${CANARY}` };
    for (const argv of [
      ['--client-key', `a=${CANARY}x`, '--agent-command', `qwen --acp --key ${CANARY}`],
      ['--attach', `ws://127.0.0.1:1/?token=${CANARY}`],
      ['--attach', `ws://user:${CANARY}@127.0.0.1:1/ws`],
      ['--attach', `ws://user:a/${CANARY}@b@127.0.0.1:1/ws`],
      ['--attach', `ws://user:${CANARY}#@127.0.0.1:1/ws`],
      ['--agent-command', `QWEN_KEY=${CANARY} qwen --acp`],
      ['--agent-command', `"/opt/my agent" --key=${CANARY}`],
    ]) {
      const { options, origins } = fromFlags(argv, env);
      const text = JSON.stringify(describeConfig(options, options, origins));
      assert.ok(!text.includes(CANARY), text);
    }
  });

  it('shows names of variables only', () => {
    const { options, origins } = fromFlags([]);
    const given = { ...options, passEnvironment: ['MY_*', `HTTPS_PROXY=http://u:${CANARY}@proxy`] };
    const config = describeConfig(given, given, origins);
    assert.deepEqual(config['passEnvironment']?.value, ['MY_*', 'HTTPS_PROXY=…']);
  });

  it('names the settings of VS Code that were written', () => {
    const origins = settingOrigins({
      read: () => settingDefaults,
      isSet: (name) => name === 'sessionTtl' || name === 'autoStart',
    });
    const { options } = fromFlags([]);
    const config = describeConfig(options, options, origins);
    assert.deepEqual(config['sessionTtlSeconds']?.origin, {
      from: 'setting',
      name: 'lingmaGateway.sessionTtl',
    });
    assert.deepEqual(config['port']?.origin, { from: 'default' });
    assert.deepEqual(config['apiKey']?.origin, { from: 'secretStorage' });
    assert.deepEqual(config['autoStart'], {
      value: true,
      origin: { from: 'setting', name: 'lingmaGateway.autoStart' },
    });
  });
});
