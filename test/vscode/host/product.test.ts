import assert from 'node:assert/strict';
import * as vscode from 'vscode';

describe('the VS Code these tests run in', () => {
  it('is the real product with an extension host of its own', () => {
    assert.match(vscode.version, /^1\.\d+\.\d+$/);
    assert.ok(vscode.env.sessionId.length > 0);
    assert.ok(vscode.extensions.getExtension('vscode.git'), 'the built-in extensions are there');
  });
});
