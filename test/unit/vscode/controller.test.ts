import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '../../../src/base/errors';
import type { WindowHost } from '../../../src/gateway/leaving';
import type { GatewayOptions } from '../../../src/gateway/options';
import { silentLogger } from '../../../src/observe/log';
import { createExports } from '../../../src/vscode/api';
import { type Failure, GatewayController } from '../../../src/vscode/controller';
import { OptionsWatch } from '../../../src/vscode/optionsWatch';
import { settingDefaults, toGatewayOptions } from '../../../src/vscode/settings';
import type { Windows } from '../../../src/vscode/windows/windows';
import { FakeGateway } from './fakeGateway';
import { snapshot } from './support';

const portInUse = () =>
  new GatewayError({ code: 'port_in_use', status: 500, message: 'Port 8317 is taken.' });

describe('the controller', () => {
  let gateways: FakeGateway[];
  let options: GatewayOptions;
  let prepare: (gateway: FakeGateway) => void;
  let controller: GatewayController;
  let kinds: string[];
  let failures: Failure[];

  const createGateway = (built: GatewayOptions) => {
    const gateway = new FakeGateway(built);
    gateways.push(gateway);
    prepare(gateway);
    return Promise.resolve(gateway);
  };

  beforeEach(() => {
    gateways = [];
    kinds = [];
    failures = [];
    options = toGatewayOptions(settingDefaults, { apiKey: 'k', workDir: '/w', distDir: '/d' });
    prepare = (gateway) => {
      gateway.started.resolve();
    };
    controller = new GatewayController({
      logger: silentLogger,
      buildOptions: () => Promise.resolve(options),
      createGateway,
      refreshMs: 10,
    });
    controller.onDidChange(({ kind }) => kinds.push(kind));
    controller.onDidFail((failure) => failures.push(failure));
  });

  afterEach(() => {
    controller.dispose();
  });

  const first = (): FakeGateway => {
    const gateway = gateways[0];
    assert.ok(gateway);
    return gateway;
  };

  it('starts, stops, and starts a new gateway', async () => {
    assert.equal((await controller.start()).kind, 'ready');
    assert.equal((await controller.stop()).kind, 'stopped');
    assert.equal((await controller.start()).kind, 'ready');
    assert.deepEqual(kinds, ['starting', 'ready', 'stopping', 'stopped', 'starting', 'ready']);
    assert.equal(gateways.length, 2);
    assert.equal(first().stops, 1);
  });

  it('finds a new place when the port of its gateway has gone to somebody else', async () => {
    let host: WindowHost | undefined;
    const never = () => Promise.reject(new Error('not to be called'));
    const windows: Windows = {
      secret: () => Promise.resolve('shared'),
      keys: never,
      probe: never,
      follow: () => assert.fail('not to be called'),
      random: () => 0,
    };
    const alone = controller;
    controller = new GatewayController({
      logger: silentLogger,
      buildOptions: () => Promise.resolve(options),
      createGateway: (built, given) => {
        host = given;
        return createGateway(built);
      },
      windows: () => Promise.resolve(windows),
    });
    alone.dispose();
    assert.equal((await controller.start()).kind, 'ready');
    assert.ok(host);
    host.portTaken();
    assert.equal((await controller.start()).kind, 'ready');
    assert.equal(gateways.length, 2);
    assert.deepEqual(first().farewells, ['restarting']);
  });

  it('does nothing before it is asked', async () => {
    assert.deepEqual(controller.state, { kind: 'stopped' });
    assert.equal(gateways.length, 0);
    assert.equal(await controller.clearSessions(), undefined);
  });

  it('starts one gateway for many requests', async () => {
    await Promise.all([controller.start(), controller.start(), controller.start()]);
    await controller.start();
    assert.equal(gateways.length, 1);
  });

  it('makes one restart of many', async () => {
    await controller.start();
    await Promise.all([controller.restart(), controller.restart(), controller.restart()]);
    assert.equal(gateways.length, 2);
    assert.equal(first().stops, 1);
    assert.equal(controller.state.kind, 'ready');
  });

  it('ends in what was asked for last', async () => {
    const results = await Promise.all([controller.start(), controller.stop(), controller.start()]);
    assert.deepEqual(
      results.map(({ kind }) => kind),
      ['ready', 'ready', 'ready'],
    );
    await Promise.all([controller.restart(), controller.stop()]);
    assert.equal(controller.state.kind, 'stopped');
    assert.ok(gateways.every(({ stops }) => stops === 1));
  });

  it('stops a gateway that is still starting, without waiting and without a failure', async () => {
    prepare = () => undefined;
    const starting = controller.start();
    await sleep(5);
    await first().begun.promise;
    await controller.stop();
    assert.equal((await starting).kind, 'stopped');
    assert.equal(first().stops, 1);
    first().started.reject(portInUse());
    await sleep(5);
    assert.deepEqual(failures, []);
    assert.equal(controller.state.kind, 'stopped');
  });

  it('tells of a failed start once, and tries again when asked', async () => {
    prepare = (gateway) => {
      gateway.started.reject(portInUse());
    };
    const state = await controller.start();
    assert.deepEqual(state, {
      kind: 'failed',
      code: 'port_in_use',
      problem: 'Port 8317 is taken.',
      snapshot: null,
    });
    assert.deepEqual(failures, [{ code: 'port_in_use', problem: 'Port 8317 is taken.' }]);
    prepare = (gateway) => {
      gateway.started.resolve();
    };
    assert.equal((await controller.start()).kind, 'ready');
    assert.equal(gateways.length, 2);
  });

  it('is stopped, not failed, after the stop of a failed gateway', async () => {
    prepare = (gateway) => {
      gateway.started.reject(portInUse());
    };
    await controller.start();
    assert.equal((await controller.stop()).kind, 'stopped');
  });

  it('fails when the options cannot be built', async () => {
    const broken = new GatewayController({
      logger: silentLogger,
      buildOptions: () => Promise.reject(new Error('keyring locked')),
      createGateway: () => assert.fail(),
    });
    const state = await broken.start();
    assert.equal(state.kind, 'failed');
    broken.dispose();
  });

  it('can be stopped while the secret store keeps it waiting', async () => {
    let answer: (options: GatewayOptions) => void = () => undefined;
    const waiting = new GatewayController({
      logger: silentLogger,
      buildOptions: () => new Promise((resolve) => (answer = resolve)),
      createGateway: (built) => {
        gateways.push(new FakeGateway(built));
        return Promise.reject(new Error('nobody wants it'));
      },
    });
    const started = waiting.start();
    await sleep(1);
    assert.equal((await waiting.stop()).kind, 'stopped');
    assert.equal((await started).kind, 'stopped');
    answer(options);
    await sleep(1);
    assert.equal(gateways.length, 0);
    waiting.dispose();
  });

  it('passes numbers on, throttled', async () => {
    await controller.start();
    kinds.length = 0;
    first().current = snapshot({ uptimeSeconds: 99 });
    for (let i = 0; i < 50; i += 1) first().changed.fire();
    await sleep(40);
    assert.equal(kinds.length, 2, 'the first at once, the rest when the interval ends');
    assert.ok(controller.state.kind === 'ready' && controller.state.snapshot.uptimeSeconds === 99);
    assert.equal(await controller.clearSessions(), 3);
  });

  it('shows a gateway that breaks down, and its recovery', async () => {
    await controller.start();
    first().current = snapshot({ state: 'failed', problem: 'Lingma keeps ending.' });
    first().changed.fire();
    await sleep(20);
    assert.equal(controller.state.kind, 'failed');
    assert.equal(failures.length, 1);
    first().changed.fire();
    await sleep(20);
    assert.equal(failures.length, 1, 'told once');
    first().current = snapshot();
    first().changed.fire();
    await sleep(20);
    assert.equal(controller.state.kind, 'ready');
  });

  it('does not start again after the shutdown', async () => {
    await controller.start();
    await controller.shutdown();
    assert.equal(first().stops, 1);
    assert.equal((await controller.start()).kind, 'stopped');
    assert.equal(gateways.length, 1);
  });

  describe('with changed settings', () => {
    let watch: OptionsWatch;

    beforeEach(() => {
      watch = new OptionsWatch({
        logger: silentLogger,
        controller,
        buildOptions: () => Promise.resolve(options),
        settleMs: 5,
      });
    });

    afterEach(() => {
      watch.dispose();
    });

    it('restarts once with the new options', async () => {
      await controller.start();
      options = { ...options, port: 9000 };
      for (let i = 0; i < 5; i += 1) watch.notice();
      await sleep(30);
      assert.deepEqual(
        gateways.map((gateway) => gateway.options.port),
        [8317, 9000],
      );
    });

    it('changes the pool without a restart, and knows of it afterwards', async () => {
      await controller.start();
      options = { ...options, instances: 3, maxInFlight: 9 };
      watch.notice();
      await sleep(30);
      watch.notice();
      await sleep(30);
      assert.equal(gateways.length, 1);
      assert.deepEqual(gateways[0]?.sizes, [[3, 9]]);
      await controller.restart();
      assert.equal(gateways[1]?.options.instances, 3);
    });

    it('changes every live option without a restart', async () => {
      await controller.start();
      for (const change of [
        { sessionMax: 1 },
        { sessionMaxPerInstance: 1 },
        { sessionTtlSeconds: 1 },
        { idleTimeoutSeconds: 1 },
        { turnTimeoutSeconds: 1 },
        { modelAliases: { 'a-*': 'default' } },
        { askMode: 'agent' },
        { remoteImages: true },
        { blindModels: 'placeholder' },
        { corsOrigins: ['http://localhost:3000'] },
      ] satisfies Partial<GatewayOptions>[]) {
        options = { ...options, ...change };
        watch.notice();
        await sleep(30);
      }
      assert.deepEqual([gateways.length, gateways[0]?.sizes.length], [1, 10]);
    });

    it('restarts when something else has changed as well', async () => {
      await controller.start();
      options = { ...options, instances: 3, port: 9000 };
      watch.notice();
      await sleep(30);
      assert.deepEqual([gateways.length, gateways[0]?.sizes.length], [2, 0]);
    });

    it('restarts a gateway that has broken down, whatever changed', async () => {
      await controller.start();
      const [gateway] = gateways;
      assert.ok(gateway);
      gateway.current = snapshot({ state: 'failed', problem: 'none is left' });
      gateway.changed.fire();
      await sleep(30);
      assert.equal(controller.state.kind, 'failed');
      options = { ...options, instances: 3 };
      watch.notice();
      await sleep(30);
      assert.equal(gateways.length, 2);
    });

    it('leaves the gateway alone when nothing that matters changed', async () => {
      await controller.start();
      options = { ...options };
      watch.notice();
      await sleep(30);
      assert.equal(gateways.length, 1);
    });

    it('starts once settings that could not be used have been put right', async () => {
      let broken = true;
      const buildOptions = (): Promise<GatewayOptions> =>
        broken ? Promise.reject(new Error('contradiction')) : Promise.resolve(options);
      const failing = new GatewayController({
        logger: silentLogger,
        buildOptions,
        createGateway: (built) => {
          const gateway = new FakeGateway(built);
          gateway.started.resolve();
          return Promise.resolve(gateway);
        },
      });
      const watching = new OptionsWatch({
        logger: silentLogger,
        controller: failing,
        buildOptions,
        settleMs: 1,
      });
      assert.equal((await failing.start()).kind, 'failed');
      broken = false;
      watching.notice();
      await sleep(30);
      assert.equal(failing.state.kind, 'ready');
      watching.dispose();
      failing.dispose();
    });

    it('looks by itself for what no event tells, while a gateway runs', async () => {
      let looks = 0;
      const looking = new OptionsWatch({
        logger: silentLogger,
        controller,
        buildOptions: () => {
          looks += 1;
          return Promise.resolve(options);
        },
        settleMs: 1,
        lookEveryMs: 10,
      });
      await sleep(50);
      assert.equal(looks, 0, 'nothing runs');
      await controller.start();
      options = { ...options, apiKey: 'rotated elsewhere' };
      while (gateways.length < 2) await sleep(5);
      // More looks, which find nothing new.
      const seen = looks;
      while (looks < seen + 2) await sleep(5);
      looking.dispose();
      assert.deepEqual(
        gateways.map((gateway) => gateway.options.apiKey),
        ['k', 'rotated elsewhere'],
      );
    });

    it('does not start a stopped gateway', async () => {
      await controller.start();
      await controller.stop();
      options = { ...options, port: 9000 };
      watch.notice();
      await sleep(30);
      assert.equal(gateways.length, 1);
    });

    it('tries again after a failure', async () => {
      prepare = (gateway) => {
        if (gateway.options.port === 8317) gateway.started.reject(portInUse());
        else gateway.started.resolve();
      };
      await controller.start();
      options = { ...options, port: 9000 };
      watch.notice();
      await sleep(30);
      assert.equal(controller.state.kind, 'ready');
    });
  });

  describe('on one instance', () => {
    it('passes on what is asked for, and survives an instance that is gone', async () => {
      await controller.actOnInstance('restart', 'lingma-1');
      await controller.start();
      await controller.actOnInstance('restart', 'lingma-1');
      await controller.actOnInstance('drain', 'lingma-1');
      await controller.actOnInstance('restart', 'lingma-7');
      assert.deepEqual(gateways[0]?.acts, [
        'restart lingma-1',
        'drain lingma-1',
        'restart lingma-7',
      ]);
    });
  });

  describe('as an API for other extensions', () => {
    const apiKey = { get: () => Promise.resolve('the-key') };

    it('gives base URL, key, numbers and changes', async () => {
      const api = createExports(controller, apiKey).getAPI(1);
      assert.equal(api.baseUrl, undefined);
      assert.equal(api.stats(), undefined);
      assert.equal(await api.apiKey(), 'the-key');
      let changes = 0;
      const subscription = api.onDidChange(() => (changes += 1));
      await controller.start();
      assert.equal(api.baseUrl, 'http://127.0.0.1:8317');
      assert.equal(api.stats()?.instances.length, 1);
      assert.equal(await api.apiKey(), 'k', 'the key that the gateway takes');
      assert.equal(changes, 2);
      subscription.dispose();
      await controller.stop();
      assert.equal(changes, 2);
      assert.equal(api.baseUrl, undefined);
    });

    it('has version 1 only', () => {
      assert.throws(() => createExports(controller, apiKey).getAPI(2 as 1), RangeError);
    });
  });
});
