import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  isLoopback,
  isWildcard,
  parseAddress,
  parseHostName,
  reachedAt,
  urlHost,
} from '../../../src/base/address';

describe('base/address', () => {
  it('takes addresses in one form, and nothing else', () => {
    const forms: Record<string, string | undefined> = {
      '127.0.0.1': '127.0.0.1',
      ' 0.0.0.0 ': '0.0.0.0',
      '[::1]': '::1',
      '0:0:0:0:0:0:0:1': '::1',
      'FD00::A': 'fd00::a',
      'fe80::1%eth0': undefined,
      '127.1': undefined,
      localhost: undefined,
      '127.0.0.1:80': undefined,
      '': undefined,
    };
    for (const [text, address] of Object.entries(forms)) {
      assert.equal(parseAddress(text), address, text);
    }
  });

  it('knows who is reached by other machines, and where this one reaches it', () => {
    for (const address of ['127.0.0.1', '127.9.0.1', '::1']) assert.ok(isLoopback(address));
    for (const address of ['0.0.0.0', '::', '192.168.0.2', 'fd00::a', '::ffff:7f00:1']) {
      assert.ok(!isLoopback(address), address);
    }
    assert.deepEqual(['0.0.0.0', '::', '10.0.0.1'].map(isWildcard), [true, true, false]);
    assert.deepEqual(['0.0.0.0', '::', '10.0.0.1', '127.0.0.5'].map(reachedAt), [
      '127.0.0.1',
      '::1',
      '10.0.0.1',
      '127.0.0.5',
    ]);
    assert.deepEqual(['10.0.0.1', 'fd00::a'].map(urlHost), ['10.0.0.1', '[fd00::a]']);
  });

  it('takes names for the Host header that no resolver reads as an address', () => {
    const names: Record<string, string | undefined> = {
      'Gateway.Local': 'gateway.local',
      my_container: 'my_container',
      '192.168.0.2': '192.168.0.2',
      'FD00::A': '[fd00::a]',
      '2130706433': undefined,
      '127.1': undefined,
      '0x7f.1': undefined,
      '0x7f000001': undefined,
      'gateway.local:80': undefined,
      'http://gateway.local': undefined,
      '*.local': undefined,
      'a..b': undefined,
      'user@host': undefined,
      '': undefined,
    };
    for (const [text, name] of Object.entries(names)) {
      assert.equal(parseHostName(text), name, text);
    }
  });
});
