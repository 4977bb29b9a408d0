import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { matchPath, pathOf } from '../../../src/http/paths';

describe('http/paths', () => {
  it('knows the path of a target in either form', () => {
    assert.equal(pathOf('/a/b?c=d#e'), '/a/b');
    assert.equal(pathOf('http://127.0.0.1:1/a?b'), '/a');
    assert.equal(pathOf('http://127.0.0.1:1'), '/');
    assert.equal(pathOf(undefined), '/');
  });

  it('takes a pattern without names for itself only', () => {
    assert.deepEqual(matchPath('/a/b', '/a/b'), {});
    for (const path of ['/a', '/a/b/', '/a/b/c', '/A/b', '/a/%62']) {
      assert.equal(matchPath('/a/b', path), undefined);
    }
  });

  it('gives the values of named segments, decoded', () => {
    assert.deepEqual(matchPath('/x/{id}/go', '/x/lingma-1/go'), { id: 'lingma-1' });
    assert.deepEqual(matchPath('/x/{id}/go', '/x/a%2Fb/go'), { id: 'a/b' });
    assert.deepEqual(matchPath('/{a}/{b}', '/1/2'), { a: '1', b: '2' });
  });

  it('lets a name stand for one whole segment and not for none', () => {
    for (const path of ['/x//go', '/x/go', '/x/1/2/go', '/x/1/stop', '/x/%zz/go']) {
      assert.equal(matchPath('/x/{id}/go', path), undefined);
    }
  });
});
