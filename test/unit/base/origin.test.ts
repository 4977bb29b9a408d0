import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseOrigin } from '../../../src/base/origin';

describe('base/origin', () => {
  const good = [
    ['http://localhost:3000', 'http://localhost:3000'],
    [' HTTP://LocalHost:3000/ ', 'http://localhost:3000'],
    ['https://app.example:443', 'https://app.example'],
    ['http://[::1]:80', 'http://[::1]'],
    ['app://obsidian.md', 'app://obsidian.md'],
    ['chrome-extension://abcdef', 'chrome-extension://abcdef'],
  ] as const;
  for (const [text, origin] of good) {
    it(`reads ${JSON.stringify(text)} as browsers send it`, () => {
      assert.equal(parseOrigin(text), origin);
    });
  }

  const bad = [
    '',
    '*',
    'null',
    'localhost:3000',
    'http://',
    'http://*.example',
    'http://a.example/path',
    'http://a.example?x',
    'http://user@a.example',
    'http://a.example, http://b.example',
    'http://a.example:port',
  ];
  for (const text of bad) {
    it(`takes ${JSON.stringify(text)} for no origin`, () => {
      assert.equal(parseOrigin(text), undefined);
    });
  }
});
