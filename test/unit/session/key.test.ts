import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { parseJson } from '../../../src/base/exactJson';
import {
  buildKey,
  hashBranchContext,
  hashUserContext,
  type KeyMessage,
  toolFingerprint,
} from '../../../src/session/key';

interface KeyVector {
  apiKey: string;
  messages: KeyMessage[];
  toolConfig: unknown;
  branchContext: string | null;
  userContextHash: string;
  branchContextHash: string;
  toolFingerprint: string;
  key: string;
}

const vectors = JSON.parse(readFileSync('test/fixtures/session-keys.json', 'utf8')) as KeyVector[];

describe('session/key', () => {
  it('C-40 (40) computes every vector of the original', () => {
    assert.ok(vectors.length >= 60);
    for (const [index, vector] of vectors.entries()) {
      const { apiKey, messages, toolConfig, branchContext } = vector;
      assert.deepEqual(
        {
          userContextHash: hashUserContext(messages),
          branchContextHash: hashBranchContext(messages),
          toolFingerprint: toolFingerprint(toolConfig),
          key: buildKey(apiKey, messages, { toolConfig, branchContext }),
        },
        {
          userContextHash: vector.userContextHash,
          branchContextHash: vector.branchContextHash,
          toolFingerprint: vector.toolFingerprint,
          key: vector.key,
        },
        `vector ${index}`,
      );
    }
  });

  it('C-40 (40) keys of different API keys never share a scope', () => {
    const messages = [{ role: 'user', content: 'same words' }];
    assert.notEqual(buildKey('a', messages), buildKey('b', messages));
    assert.equal(buildKey('', messages), buildKey('-', messages));
  });

  it('tells numbers apart that a double cannot', () => {
    // The original writes whole numbers with all their digits; computed by Python's json.
    const config = '{"tools":[{"const":9007199254740993}],"n":[9007199254740993]}';
    assert.equal(toolFingerprint(parseJson(config)), 'c6152fb7988e754b');
    const other = config.replaceAll('993', '992');
    assert.notEqual(toolFingerprint(parseJson(config)), toolFingerprint(parseJson(other)));
  });

  it('sorts object keys by code point, not by UTF-16 unit', () => {
    // U+1D49C lies beyond the BMP: after U+FF01 by code point, before it by UTF-16 unit. The
    // expected value was computed by Python, whose strings compare by code point.
    assert.equal(toolFingerprint({ '\u{1D49C}': 1, '\uFF01': 2 }), '19d475b0dc1b8b77');
  });
});
