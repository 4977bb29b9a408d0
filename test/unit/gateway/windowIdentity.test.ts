import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  checkIdentity,
  isChallenge,
  newChallenge,
  proveIdentity,
} from '../../../src/gateway/windowIdentity';

const claim = { protocol: 1, version: '1.2.3' };
const asked = { challenge: newChallenge(), port: 8317 };

describe('gateway/windowIdentity', () => {
  it('is proved by who shares the secret', () => {
    const answer = proveIdentity('secret', asked, claim);
    assert.deepEqual(checkIdentity('secret', asked, answer), answer);
    assert.match(answer.proof, /^[0-9a-f]{64}$/);
  });

  it('holds for one secret, one challenge, one address, one port and one claim', () => {
    const answer = proveIdentity('secret', asked, claim);
    assert.equal(checkIdentity('other', asked, answer), undefined);
    assert.equal(checkIdentity('secret', { ...asked, port: 8318 }, answer), undefined);
    const elsewhere = { ...asked, host: '192.168.0.2' };
    assert.equal(checkIdentity('secret', elsewhere, answer), undefined);
    assert.ok(checkIdentity('secret', elsewhere, proveIdentity('secret', elsewhere, claim)));
    assert.ok(checkIdentity('secret', { ...asked, host: '127.0.0.1' }, answer));
    const other = { ...asked, challenge: newChallenge() };
    assert.equal(checkIdentity('secret', other, answer), undefined);
    assert.equal(checkIdentity('secret', asked, { ...answer, version: '9' }), undefined);
    assert.equal(checkIdentity('secret', asked, { ...answer, protocol: 2 }), undefined);
  });

  it('is not proved by anything else', () => {
    const { proof } = proveIdentity('secret', asked, claim);
    for (const answer of [
      undefined,
      null,
      'ours',
      [],
      {},
      { ...claim },
      { ...claim, proof: '' },
      { ...claim, proof: proof.slice(2) },
      { ...claim, proof: 7 },
      { protocol: '1', version: claim.version, proof },
    ]) {
      assert.equal(checkIdentity('secret', asked, answer), undefined, JSON.stringify(answer));
    }
  });

  it('asks with 32 random bytes, and takes 16 to 64', () => {
    assert.ok(isChallenge(asked.challenge));
    assert.equal(asked.challenge.length, 64);
    assert.notEqual(newChallenge(), newChallenge());
    assert.ok(isChallenge('0a'.repeat(16)) && isChallenge('0a'.repeat(64)));
    for (const text of ['', 'aa', '0a'.repeat(15), '0a'.repeat(65), 'g'.repeat(32), 'A'.repeat(33)])
      assert.ok(!isChallenge(text), text);
  });
});
