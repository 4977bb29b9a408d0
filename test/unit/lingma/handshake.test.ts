import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { AcpDialect } from '../../../src/lingma/acp/dialect';
import { ChatAskDialect } from '../../../src/lingma/chatAsk';
import type { Peer } from '../../../src/lingma/connect/connector';
import { shakeHands } from '../../../src/lingma/handshake';
import { RpcConnection } from '../../../src/lingma/rpc';
import { settled } from '../../support/async';
import { assertCode, rejectionOf } from '../../support/errors';
import { FakeSocket } from '../../support/fakeSocket';
import { FakeTimeouts } from '../../support/fakeTimeouts';

const REFUSED = Symbol('refused');

describe('lingma/handshake', () => {
  const made: RpcConnection[] = [];
  afterEach(() => {
    for (const rpc of made.splice(0)) rpc.close();
  });

  /** Shakes hands with a peer that answers these methods, and refuses the others. */
  async function greet(peer: Peer, answers: Readonly<Record<string, unknown>>, silent = '') {
    const socket = new FakeSocket();
    const rpc = new RpcConnection(socket, {
      reply: () => ({}),
      onMessage: () => undefined,
      onClose: () => undefined,
    });
    made.push(rpc);
    const done = shakeHands(rpc, { peer, cwd: '/empty', limits: { idleMs: 1_000, turnMs: 1_000 } });
    done.catch(() => undefined);
    const answered = new Set<unknown>();
    for (let round = 0; round < 6; round++) {
      await settled();
      for (const { id, method = '' } of socket.sent) {
        if (answered.has(id) || method === silent) continue;
        answered.add(id);
        const answer = answers[method] ?? REFUSED;
        const error = { code: -32601, message: `unknown method: ${method}` };
        if (answer instanceof Error)
          socket.say({ id, error: { code: -32000, message: answer.message } });
        else socket.say(answer === REFUSED ? { id, error } : { id, result: answer });
      }
    }
    return { socket, done };
  }

  const lingma = {
    initialize: {},
    'auth/status': { status: 2, token: 'SECRET' },
    'config/queryModels': { chat: [{ key: 'kmodel', displayName: 'K' }] },
  };

  it('a process of ours is asked with chat/ask, without a look at session/new', async () => {
    const { socket, done } = await greet('spawned', {
      ...lingma,
      'session/new': { sessionId: 's' },
    });
    const { dialect, models, signedIn } = await done;
    assert.ok(dialect instanceof ChatAskDialect);
    assert.deepEqual([models.map(({ id }) => id), signedIn], [['kmodel'], true]);
    assert.deepEqual(socket.calls('session/new'), []);
  });

  it('a client of the user’s is asked with session/* where it opens a session', async () => {
    const { done } = await greet('shared', { ...lingma, 'session/new': { sessionId: 's' } });
    const { dialect, models } = await done;
    assert.ok(dialect instanceof AcpDialect);
    assert.deepEqual(
      models.map(({ id }) => id),
      ['kmodel'],
    );
  });

  it('… and with chat/ask where it has no such method', async () => {
    const { socket, done } = await greet('shared', lingma);
    assert.ok((await done).dialect instanceof ChatAskDialect);
    assert.equal(socket.calls('session/new').length, 1);
  });

  it('… but not where it has the method and only fails', async () => {
    const { done } = await greet('shared', { ...lingma, 'session/new': new Error('busy') });
    assert.ok((await done).dialect instanceof AcpDialect);
  });

  it('a client that leaves session/new unanswered is asked with chat/ask', () =>
    FakeTimeouts.during(async (clock) => {
      const { socket, done } = await greet('shared', lingma, 'session/new');
      clock.advance(15_000);
      assert.ok((await done).dialect instanceof ChatAskDialect);
      // A session that comes late is nobody's.
      socket.say({ id: socket.calls('session/new')[0]?.id ?? 0, result: { sessionId: 'late' } });
      assert.deepEqual(
        socket.calls('chat/deleteSessionById').map(({ params }) => params),
        [{ sessionId: 'late' }],
      );
    }));

  it('an agent names its models in a session, and is offered nothing', async () => {
    const { socket, done } = await greet('agent', {
      initialize: { agentCapabilities: { promptCapabilities: { image: true } } },
      'session/new': {
        sessionId: 's',
        models: {
          currentModelId: 'b',
          availableModels: [{ modelId: 'a', name: 'A' }, { modelId: 'b' }, { name: 'no id' }, 5],
        },
      },
    });
    const { dialect, models, signedIn } = await done;
    assert.ok(dialect instanceof AcpDialect);
    assert.deepEqual(
      models.map(({ id, name, vision, defaultIn }) => ({ id, name, vision, defaultIn })),
      [
        { id: 'a', name: 'A', vision: true, defaultIn: [] },
        { id: 'b', name: 'b', vision: true, defaultIn: [''] },
      ],
    );
    assert.equal(signedIn, null);
    const [{ params = {} } = {}] = socket.calls('initialize');
    assert.deepEqual(params['clientCapabilities'], {
      fs: { readTextFile: false, writeTextFile: false },
      terminal: false,
    });
  });

  it('an agent without a list of models has one that needs no name', async () => {
    const { done } = await greet('agent', { initialize: {}, 'session/new': { sessionId: 's' } });
    assert.deepEqual(
      (await done).models.map(({ id }) => id),
      ['lingma'],
    );
  });

  it('an agent that opens no session does not start, and says why', async () => {
    const { done } = await greet('agent', {
      initialize: {},
      'session/new': new Error('Authentication required'),
    });
    const error = await rejectionOf(done);
    assertCode(error, 'start_failed');
    assert.match(error.message, /Authentication required\. Run its command once in a terminal/);
    assert.equal(error.retryable, false);
  });
});
