import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, it } from 'mocha';
import { Guard } from '../../../src/http/guard';
import { KeyRing } from '../../../src/http/keyRing';
import { assertCode, thrownBy } from '../../support/errors';

const guard = new Guard(new KeyRing('right-key', [{ name: 'ci', key: 'ci-key' }]));

describe('http/guard', () => {
  describe('Host', () => {
    const ours = [
      '127.0.0.1',
      '127.0.0.1:8317',
      'localhost',
      'localhost:1',
      'LocalHost:8317',
      '[::1]',
      '[::1]:8317',
    ];
    for (const host of ours) {
      it(`C-57 lets ${host} in`, () => {
        guard.checkPeer({ host });
      });
    }

    const foreign = [
      undefined,
      '',
      'evil.example',
      'evil.example:8317',
      'localhost.evil.example',
      'evil-localhost',
      'localhost:8317:8317',
      'localhost:',
      'localhost:port',
      'localhost.',
      ' localhost',
      'user@localhost',
      '127.0.0.1.nip.io',
      '127.0.0.2',
      '127.1',
      '0.0.0.0:8317',
      '[::]:8317',
      '::1',
      '[::ffff:127.0.0.1]',
      '192.168.0.2:8317',
    ];
    for (const host of foreign) {
      it(`C-57 keeps ${host === undefined ? 'a missing one' : JSON.stringify(host)} out`, () => {
        const error = thrownBy(() => {
          guard.checkPeer(host === undefined ? {} : { host });
        });
        assertCode(error, 'host_not_allowed');
        assert.equal(error.status, 421);
      });
    }
  });

  describe('Origin', () => {
    const own: [string, string | undefined][] = [
      ['127.0.0.1:8317', undefined],
      ['127.0.0.1:8317', 'http://127.0.0.1:8317'],
      ['localhost:8317', 'http://localhost:8317'],
      ['LOCALHOST:8317', 'HTTP://Localhost:8317'],
      ['[::1]:8317', 'http://[::1]:8317'],
      ['localhost', 'http://localhost'],
    ];
    for (const [host, origin] of own) {
      it(`C-57 lets ${origin ?? 'none'} call ${host}`, () => {
        guard.checkPeer(origin === undefined ? { host } : { host, origin });
      });
    }

    const foreign = [
      'null',
      '',
      'http://evil.example',
      'https://localhost:8317',
      'http://localhost',
      'http://localhost:3000',
      'http://127.0.0.1:8317',
      'http://localhost:8317.evil.example',
      'http://localhost:8317/',
      'vscode-webview://abc',
      'http://localhost:8317, http://evil.example',
    ];
    for (const origin of foreign) {
      it(`C-57 keeps ${JSON.stringify(origin)} out`, () => {
        const error = thrownBy(() => {
          guard.checkPeer({ host: 'localhost:8317', origin });
        });
        assertCode(error, 'origin_not_allowed');
        assert.equal(error.status, 403);
      });
    }
  });

  describe('listed origins', () => {
    const host = '127.0.0.1:8317';
    const open = new Guard(new KeyRing('right-key'), {
      origins: ['http://LOCALHOST:3000/', 'app://notes'],
    });

    it('let their pages in and name them as the browser does', () => {
      for (const origin of ['http://localhost:3000', 'app://notes']) {
        assert.equal(open.checkPeer({ host, origin }), origin);
      }
    });

    it('can be others from then on', () => {
      const changing = new Guard(new KeyRing('right-key'), { origins: ['http://localhost:3000'] });
      changing.allow({ origins: ['http://localhost:4000'], hosts: [] });
      const from = (origin: string) => () => changing.checkPeer({ host, origin });
      assert.equal(from('http://localhost:4000')(), 'http://localhost:4000');
      assertCode(thrownBy(from('http://localhost:3000')), 'origin_not_allowed');
    });

    it('stay as they are when one of the others is none', () => {
      const changing = new Guard(new KeyRing('right-key'), { origins: ['http://localhost:3000'] });
      const error = thrownBy(() => {
        changing.allow({ origins: ['http://localhost:4000', 'nowhere'], hosts: [] });
      });
      assertCode(error, 'invalid_request');
      const origin = 'http://localhost:3000';
      assert.equal(changing.checkPeer({ host, origin }), origin);
    });

    it('change nothing for programs and for our own pages', () => {
      assert.equal(open.checkPeer({ host }), undefined);
      assert.equal(open.checkPeer({ host, origin: `http://${host}` }), undefined);
    });

    it('C-57 let nobody else in, and no other Host', () => {
      for (const origin of [
        'null',
        'http://localhost:3001',
        'http://localhost:3000.evil.example',
      ]) {
        assertCode(
          thrownBy(() => open.checkPeer({ host, origin })),
          'origin_not_allowed',
        );
      }
      const rebound = { host: 'evil.example', origin: 'http://localhost:3000' };
      assertCode(
        thrownBy(() => open.checkPeer(rebound)),
        'host_not_allowed',
      );
    });

    it('must be origins', () => {
      for (const origin of ['*', 'null', '', 'localhost:3000']) {
        const error = thrownBy(() => new Guard(new KeyRing('k'), { origins: [origin] }));
        assertCode(error, 'invalid_request');
      }
    });
  });

  describe('other hosts', () => {
    const on = (address: string, hosts: string[] = []) =>
      new Guard(new KeyRing('right-key'), { hosts }, address);
    const refused = (of: Guard, host: string, localAddress?: string) => {
      assertCode(
        thrownBy(() => of.checkPeer({ host }, { localAddress })),
        'host_not_allowed',
      );
    };

    it('are the address it listens on, and the names it was told', () => {
      const open = on('192.168.0.2', ['Gateway.Local', '10.0.0.1']);
      for (const host of ['192.168.0.2:8317', 'gateway.local:8317', '10.0.0.1', 'localhost']) {
        open.checkPeer({ host });
      }
      refused(open, '192.168.0.3:8317');
      refused(open, 'evil.gateway.local');
      refused(on('127.0.0.1'), '192.168.0.2:8317', '192.168.0.2');
    });

    it('are, where it listens everywhere, the addresses that connections come in on', () => {
      for (const address of ['0.0.0.0', '::']) {
        const open = on(address);
        open.checkPeer({ host: '192.168.0.2:8317' }, { localAddress: '192.168.0.2' });
        open.checkPeer({ host: '192.168.0.2' }, { localAddress: '::ffff:192.168.0.2' });
        open.checkPeer({ host: '[fd00::2]:8317' }, { localAddress: 'fd00::2' });
        refused(open, '192.168.0.3', '192.168.0.2');
        refused(open, 'evil.example', '192.168.0.2');
        refused(open, '0.0.0.0:8317', '192.168.0.2');
      }
    });

    it('can be others from then on, or stay when one of them is none', () => {
      const changing = on('127.0.0.1', ['one.test']);
      const hosts = ['two.test', 'http://three.test'];
      assertCode(
        thrownBy(() => {
          changing.allow({ origins: [], hosts });
        }),
        'invalid_request',
      );
      changing.checkPeer({ host: 'one.test' });
      changing.allow({ origins: [], hosts: ['two.test'] });
      changing.checkPeer({ host: 'two.test' });
      refused(changing, 'one.test');
    });

    it('have to be ours in the target, too, where that names one', () => {
      const host = '127.0.0.1:8317';
      guard.checkPeer({ host }, { authority: 'localhost:8317' });
      for (const authority of ['evil.example', 'user@127.0.0.1', '']) {
        assertCode(
          thrownBy(() => guard.checkPeer({ host }, { authority })),
          'host_not_allowed',
        );
      }
    });
  });

  describe('key', () => {
    const right: Record<string, IncomingHttpHeaders> = {
      'as Bearer': { authorization: 'Bearer right-key' },
      'as bearer in another case': { authorization: 'bEARER right-key' },
      'as Bearer with more space': { authorization: 'Bearer   right-key  ' },
      'as x-api-key': { 'x-api-key': 'right-key' },
      'as x-api-key with space': { 'x-api-key': ' right-key ' },
      'as one of several x-api-key': { 'x-api-key': ['wrong', 'right-key'] },
      'as Bearer beside a wrong x-api-key': {
        authorization: 'Bearer right-key',
        'x-api-key': 'wrong',
      },
      'as x-api-key beside a wrong Bearer': {
        authorization: 'Bearer wrong',
        'x-api-key': 'right-key',
      },
      'as x-api-key beside another scheme': {
        authorization: 'Basic cmlnaHQta2V5',
        'x-api-key': 'right-key',
      },
    };
    for (const [what, headers] of Object.entries(right)) {
      it(`is taken ${what}`, () => {
        assert.equal(guard.checkKey(headers).name, 'owner');
        assert.equal(guard.checkOwner(headers).name, 'owner');
      });
    }

    const wrong: Record<string, IncomingHttpHeaders> = {
      'nothing at all': {},
      'two wrong ones': { authorization: 'Bearer wrong', 'x-api-key': 'wrong' },
      'an empty Bearer': { authorization: 'Bearer ' },
      'an empty x-api-key': { 'x-api-key': '' },
      'no x-api-key in a list': { 'x-api-key': [] },
      'the key without a scheme': { authorization: 'right-key' },
      'the key under another scheme': { authorization: 'Basic right-key' },
      'a longer key': { authorization: 'Bearer right-key2' },
      'a shorter key': { authorization: 'Bearer right-ke' },
      'another case': { authorization: 'Bearer RIGHT-KEY' },
      'two in one header': { 'x-api-key': 'wrong, right-key' },
    };
    for (const [what, headers] of Object.entries(wrong)) {
      it(`is not ${what}`, () => {
        const error = thrownBy(() => {
          guard.checkKey(headers);
        });
        assertCode(error, 'invalid_api_key');
        assert.equal(error.status, 401);
        assert.ok(!error.message.includes('right-key'));
        // Before anything is said of what the key may do.
        assertCode(
          thrownBy(() => guard.checkOwner(headers)),
          'invalid_api_key',
        );
      });
    }

    const clients: Record<string, IncomingHttpHeaders> = {
      'as Bearer': { authorization: 'Bearer ci-key' },
      'as x-api-key': { 'x-api-key': 'ci-key' },
      'beside a wrong one': { authorization: 'Bearer wrong', 'x-api-key': 'ci-key' },
      'as Bearer beside the owner’s': { authorization: 'Bearer ci-key', 'x-api-key': 'right-key' },
    };
    for (const [what, headers] of Object.entries(clients)) {
      it(`of a client, ${what}, names the client and is not the owner's`, () => {
        assert.equal(guard.checkKey(headers).name, 'ci');
        const error = thrownBy(() => guard.checkOwner(headers));
        assertCode(error, 'owner_key_required');
        assert.equal(error.status, 403);
        assert.match(error.message, /Send the key of the gateway itself/);
      });
    }
  });
});
