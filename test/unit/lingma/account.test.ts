import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Account, readSignedIn, readSignInUrl } from '../../../src/lingma/account';
import { RpcConnection } from '../../../src/lingma/rpc';
import { assertCode, rejectionOf, thrownBy } from '../../support/errors';
import { FakeSocket } from '../../support/fakeSocket';

describe('lingma/account', () => {
  function setUp() {
    const socket = new FakeSocket();
    const rpc = new RpcConnection(socket, {
      reply: () => ({}),
      onMessage: () => undefined,
      onClose: () => undefined,
    });
    const answer = (method: string, reply: object): void => {
      socket.say({ id: socket.calls(method)[0]?.id, ...reply });
    };
    return { account: new Account(rpc), socket, answer };
  }

  it('reads status 2 as signed in and any other as not', () => {
    assert.equal(readSignedIn({ status: 2, token: 'CANARY' }), true);
    for (const status of [0, 1, 3, '2', null]) assert.equal(readSignedIn({ status }), false);
  });

  it('does not know what the process does not say', () => {
    for (const answer of [undefined, null, [], 'x', {}]) assert.equal(readSignedIn(answer), null);
  });

  it('passes on a yes and the models, and nothing else of the answers', async () => {
    const { account, answer } = setUp();
    const facts = account.facts();
    answer('auth/status', { result: { status: 2, name: 'CANARY', token: 'CANARY' } });
    answer('config/queryModels', {
      result: { chat: [{ key: 'm', displayName: 'M', apiKey: 'CANARY', url: 'CANARY' }] },
    });
    const found = await facts;
    assert.deepEqual([found.signedIn, found.models?.map(({ id }) => id)], [true, ['m']]);
    assert.doesNotMatch(JSON.stringify(found), /CANARY/);
  });

  it('does without an answer to either', async () => {
    const { account, answer } = setUp();
    const facts = account.facts();
    for (const method of ['auth/status', 'config/queryModels']) {
      answer(method, { error: { code: -32601, message: 'unknown' } });
    }
    assert.deepEqual(await facts, { signedIn: null, models: undefined });
  });

  it('asks for the page as the protocol has it', async () => {
    const { account, socket, answer } = setUp();
    const url = account.signInUrl();
    const loginUrl = 'https://login.example/?redirect=https%3A%2F%2Fa%2F%3Fb%3D1%26c%3D2&state=x';
    answer('login/generateUrl', { result: { loginUrl, success: true } });
    assert.equal(await url, loginUrl);
    assert.deepEqual(socket.calls('login/generateUrl')[0]?.params, { loginDedicatedType: '' });
  });

  it('takes a page over https, and over http on this computer only', () => {
    for (const loginUrl of [
      'https://login.example/a?b=c',
      'http://127.0.0.1:4711/login',
      'http://localhost/login',
      'http://[::1]:1/',
    ]) {
      assert.equal(readSignInUrl({ loginUrl }), loginUrl);
    }
    for (const loginUrl of [
      'http://login.example/',
      'http://127.0.0.1.example/',
      'http://localhost@login.example/',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'vscode://publisher.extension/run',
      'command:workbench.action.quit',
      '//login.example/',
      'login',
    ]) {
      const error = thrownBy(() => readSignInUrl({ loginUrl }));
      assertCode(error, 'sign_in_unavailable');
      assert.ok(!error.message.includes(loginUrl));
    }
  });

  it('says why there is none, as far as the process does', () => {
    const refused = thrownBy(() =>
      readSignInUrl({ success: false, loginUrl: 'https://a/', errorMsg: 'Not today.' }),
    );
    assert.match(refused.message, /: Not today\. Sign in within Lingma itself/);
    for (const answer of [undefined, null, {}, { loginUrl: '' }, { loginUrl: 7 }]) {
      assertCode(
        thrownBy(() => readSignInUrl(answer)),
        'sign_in_unavailable',
      );
    }
  });

  it('fails the same way when the process has no such method or is gone', async () => {
    const { account, socket, answer } = setUp();
    const refused = rejectionOf(account.signInUrl());
    answer('login/generateUrl', { error: { code: -32601, message: 'unknown method' } });
    assertCode(await refused, 'sign_in_unavailable');
    const lost = rejectionOf(account.signInUrl());
    socket.lose();
    assertCode(await lost, 'sign_in_unavailable');
  });
});
