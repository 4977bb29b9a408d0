import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { bounds } from '../../../src/gateway/options';
import type { SettingName } from '../../../src/vscode/ids';
import {
  changedOptions,
  readSettings,
  settingDefaults,
  toGatewayOptions,
} from '../../../src/vscode/settings';

const read = (written: Partial<Record<SettingName, unknown>>) =>
  readSettings((name) => written[name]);

describe('settings', () => {
  it('are the defaults where nothing is written', () => {
    assert.deepEqual(read({}), { settings: settingDefaults, corrections: [] });
  });

  it('are taken as written where they are usable', () => {
    const written = {
      autoStart: false,
      port: 0,
      lingmaPath: '/opt/lingma',
      connection: 'attach',
      attachTo: 'ws://127.0.0.1:36510/',
      agentCommand: '',
      instances: 16,
      maxInFlight: 0,
      sessionMax: 0,
      sessionMaxPerInstance: 0,
      sessionTtl: 0,
      idleTimeout: 1,
      turnTimeout: 86_400,
      askMode: 'agent',
      remoteImages: true,
      imagesWithoutVision: 'placeholder',
      passEnvironment: ['MY_TOKEN', 'COMPANY_*'],
      modelAliases: { 'gpt-*': 'lingma-max' },
      corsOrigins: ['http://localhost:3000'],
      host: '0.0.0.0',
      allowedHosts: ['gateway.local'],
      maxTurnsPerKey: 0,
      captureBodies: true,
      showStatusBar: false,
    };
    assert.deepEqual(read(written), { settings: written, corrections: [] });
  });

  it('are clamped to the bounds of the options, and say so', () => {
    const { settings, corrections } = read({ port: 70_000, instances: 0, maxInFlight: 1e9 });
    assert.equal(settings.port, bounds.port.max);
    assert.equal(settings.instances, bounds.instances.min);
    assert.equal(settings.maxInFlight, bounds.maxInFlight.max);
    assert.equal(corrections.length, 3);
    assert.match(corrections[0] ?? '', /^lingmaGateway\.port: 70000 .* 65535/);
  });

  it('fall back to the default when the type is wrong', () => {
    const { settings, corrections } = read({
      autoStart: 'yes',
      port: '8317',
      lingmaPath: 7,
      connection: 'join',
      agentCommand: null,
      attachTo: ['x'],
      instances: Number.NaN,
      askMode: 'edit',
      remoteImages: 'yes',
      imagesWithoutVision: 'drop',
      modelAliases: ['gpt-*'],
    });
    assert.deepEqual(settings, settingDefaults);
    assert.equal(corrections.length, 10);
  });

  it('cut fractions', () => {
    assert.equal(read({ instances: 2.9 }).settings.instances, 2);
  });

  it('trim the path and know the home folder', () => {
    assert.equal(
      read({ lingmaPath: ' ~/bin/Lingma ' }).settings.lingmaPath,
      join(homedir(), 'bin/Lingma'),
    );
    assert.equal(read({ lingmaPath: '/a/~/b' }).settings.lingmaPath, '/a/~/b');
  });

  it('take web origins as browsers send them, and nothing else', () => {
    const corsOrigins = ['http://LocalHost:3000/', '*', 7, 'app://obsidian.md'];
    const { settings, corrections } = read({ corsOrigins });
    assert.deepEqual(settings.corsOrigins, ['http://localhost:3000', 'app://obsidian.md']);
    assert.equal(corrections.length, 2);
    assert.deepEqual(read({ corsOrigins: 'http://a.example' }).settings.corsOrigins, []);
  });

  it('name addresses and hosts in one form, and listen on loopback rather than nowhere', () => {
    const hosts = read({
      host: '[0:0::1]',
      allowedHosts: ['Gateway.Local', 'http://x', 7, 'FD00::A'],
    });
    assert.equal(hosts.settings.host, '::1');
    assert.deepEqual(hosts.settings.allowedHosts, ['gateway.local', '[fd00::a]']);
    assert.equal(hosts.corrections.length, 2);
    for (const host of ['localhost', '', 7]) {
      const { settings, corrections } = read({ host });
      assert.deepEqual([settings.host, corrections.length], ['127.0.0.1', 1]);
    }
  });

  it("put the user's aliases before the defaults, and drop empty ones", () => {
    const merged = { ...settingDefaults.modelAliases, 'o*': '', 'gpt-4*': 'lingma-max', bad: 7 };
    const { settings, corrections } = read({ modelAliases: merged });
    assert.deepEqual(Object.entries(settings.modelAliases), [
      ['gpt-4*', 'lingma-max'],
      ['claude-*', 'default'],
      ['gpt-*', 'default'],
    ]);
    assert.equal(corrections.length, 1);
  });
});

describe('gateway options', () => {
  const host = { apiKey: 'key', workDir: '/w', distDir: '/d' };
  const options = toGatewayOptions(settingDefaults, host);

  it('are the same for the same settings', () => {
    assert.deepEqual(changedOptions(options, toGatewayOptions({ ...settingDefaults }, host)), []);
  });

  it('differ by what concerns the gateway only', () => {
    const changed = { ...settingDefaults, port: 1, sessionTtl: 5, autoStart: false };
    assert.deepEqual(changedOptions(options, toGatewayOptions(changed, host)), [
      'port',
      'sessionTtlSeconds',
    ]);
    assert.deepEqual(changedOptions(options, { ...options, apiKey: 'new' }), ['apiKey']);
  });

  it('take an agent before a program, and a running client before neither', () => {
    const sourceOf = (change: Partial<typeof settingDefaults>) =>
      toGatewayOptions({ ...settingDefaults, ...change }, host).source;
    const lingmaPath = '/opt/lingma';
    assert.deepEqual(sourceOf({ lingmaPath }), { kind: 'lingma', program: lingmaPath });
    assert.deepEqual(sourceOf({ lingmaPath, agentCommand: 'qwen --acp' }), {
      kind: 'agent',
      command: 'qwen --acp',
    });
    assert.deepEqual(sourceOf({ lingmaPath, connection: 'attach', attachTo: '/w/.info' }), {
      kind: 'attach',
      target: '/w/.info',
    });
    assert.throws(
      () => sourceOf({ connection: 'attach', agentCommand: 'qwen --acp' }),
      /lingmaGateway\.connection says attach.*Empty the command/,
    );
  });
});
