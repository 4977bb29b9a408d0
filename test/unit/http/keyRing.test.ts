import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, it } from 'mocha';
import {
  digestOfKey,
  KeyRing,
  MAX_CLIENT_KEYS,
  type NamedKey,
  newClientKey,
} from '../../../src/http/keyRing';
import { REDACTED, Redactor } from '../../../src/observe/redact';
import { assertCode, thrownBy } from '../../support/errors';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const ring = new KeyRing('owner-key', [
  { name: 'ci', key: 'ci-key' },
  { name: 'laptop of 小明', key: 'schlüssel with blanks' },
]);

describe('http/keyRing', () => {
  it('tells whose key it is, with the digest as scope', () => {
    for (const [name, key] of [
      ['owner', 'owner-key'],
      ['ci', 'ci-key'],
      ['laptop of 小明', 'schlüssel with blanks'],
    ] as const) {
      assert.deepEqual(ring.identify(key), { name, scope: sha256(key) });
    }
  });

  it('knows no other text', () => {
    for (const candidate of ['', 'owner', 'ci', 'ci-ke', 'ci-key ', 'CI-KEY', sha256('ci-key')]) {
      assert.equal(ring.identify(candidate), undefined, candidate);
    }
  });

  it('knows another key of the owner, as the same caller', () => {
    const two = new KeyRing('owner-key', [{ name: 'ci', key: 'ci-key' }], 'alias-key');
    assert.deepEqual(two.identify('alias-key'), two.owner);
    assert.deepEqual(two.identify('owner-key'), two.owner);
    assert.equal(two.identify('other-key'), undefined);
    assert.equal(ring.identify('alias-key'), undefined);
  });

  it('holds no key', () => {
    assert.doesNotMatch(inspect(ring, { depth: 9, showHidden: true }), /-key|schlüssel/);
    assert.doesNotMatch(JSON.stringify(ring.identify('ci-key')), /ci-key/);
  });

  it('takes the digest in the place of a key', () => {
    const hashed = new KeyRing('owner-key', [{ name: 'ci', digest: sha256('ci-key') }]);
    assert.deepEqual(hashed.identify('ci-key'), { name: 'ci', scope: sha256('ci-key') });
    assert.equal(hashed.identify(sha256('ci-key')), undefined);
  });

  it('lets clients in and out while it is used; the owner stays', () => {
    const live = new KeyRing('owner-key', [{ name: 'ci', key: 'ci-key' }], 'alias-key');
    const laptop = live.add({ name: 'laptop', key: 'laptop-key' });
    assert.deepEqual(live.identify('laptop-key'), laptop);
    assert.deepEqual(
      live.clients().map(({ name }) => name),
      ['ci', 'laptop'],
    );
    assert.equal(live.remove('ci')?.name, 'ci');
    assert.equal(live.identify('ci-key'), undefined);
    assert.equal(live.remove('ci'), undefined);
    assert.equal(live.remove('owner'), undefined);
    for (const key of ['owner-key', 'alias-key']) assert.equal(live.identify(key), live.owner);
    assert.equal(live.add({ name: 'ci', key: 'another' }).name, 'ci');
  });

  it('holds a limited number of clients', () => {
    const keys = Array.from({ length: MAX_CLIENT_KEYS }, (_, n) => ({
      name: `${n}`,
      key: `k${n}`,
    }));
    const full = new KeyRing('owner-key', keys, 'alias-key');
    assertCode(
      thrownBy(() => full.add({ name: 'more', key: 'more' })),
      'invalid_request',
    );
    full.remove('0');
    assert.equal(full.add({ name: 'more', key: 'more' }).name, 'more');
  });

  it('makes keys that nobody guesses and redaction knows by their looks', () => {
    const [one, two] = [newClientKey(), newClientKey()];
    assert.notEqual(one, two);
    assert.match(one, /^sk-lingma-[\w-]{43}$/);
    assert.equal(digestOfKey(one), sha256(one));
    assert.equal(new Redactor([]).redact(`the key ${one}.`), `the key ${REDACTED}.`);
  });

  it('takes names of 1 to 64 characters', () => {
    for (const name of ['a', 'x'.repeat(64), '🙂'.repeat(64), 'a=b "c"', 'Owner']) {
      const named = new KeyRing('k', [{ name, key: 'other' }]);
      assert.equal(named.identify('other')?.name, name);
    }
  });

  const refused: Record<string, readonly [NamedKey[], RegExp]> = {
    'an empty name': [[{ name: '', key: 'secret-1' }], /1 to 64 characters/],
    'a name that is too long': [[{ name: 'x'.repeat(65), key: 'secret-1' }], /1 to 64 characters/],
    'a line end in a name': [[{ name: 'a\nb', key: 'secret-1' }], /control characters/],
    'an escape in a name': [[{ name: '\u001b[31m', key: 'secret-1' }], /control characters/],
    'a Unicode line end in a name': [[{ name: 'a\u2028b', key: 'secret-1' }], /control characters/],
    'white space around a name': [[{ name: ' ci', key: 'secret-1' }], /white space/],
    'the name of the owner': [[{ name: 'owner', key: 'secret-1' }], /Choose another one/],
    'one name for two keys': [
      [
        { name: 'ci', key: 'secret-1' },
        { name: 'ci', key: 'secret-2' },
      ],
      /Two client keys are named "ci"/,
    ],
    'one key for two names': [
      [
        { name: 'ci', key: 'secret-1' },
        { name: 'cd', key: 'secret-1' },
      ],
      /"ci" and "cd" have the same key/,
    ],
    'the key of the owner': [[{ name: 'ci', key: 'secret-0' }], /"owner" and "ci" have the same/],
    'a digest that is none': [[{ name: 'ci', digest: 'secret-1' }], /64 digits of SHA-256/],
    'the digest of a key that is there': [
      [{ name: 'ci', digest: sha256('secret-0') }],
      /"owner" and "ci" have the same/,
    ],
    'an empty key': [[{ name: 'ci', key: '' }], /key of "ci" is empty/],
  };
  for (const [what, [clients, message]] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      const error = thrownBy(() => new KeyRing('secret-0', clients));
      assertCode(error, 'invalid_request');
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /secret/);
    });
  }

  it('refuses an empty key of the owner', () => {
    assertCode(
      thrownBy(() => new KeyRing('')),
      'invalid_request',
    );
  });
});
