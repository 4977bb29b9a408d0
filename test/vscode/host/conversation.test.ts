import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { api, readyGateway } from './gateway';
import { cacheFigures, holdConversation, questions } from '../support/conversation';
import { eventually } from '../support/eventually';

describe('a conversation of five turns with the openai SDK', () => {
  before(async () => {
    await readyGateway();
    await vscode.commands.executeCommand('lingmaGateway.restart');
  });

  for (const stream of [false, true]) {
    it(`is a cache hit from turn 2 on, ${stream ? 'streaming' : 'in one piece'}`, async () => {
      const endpoint = await readyGateway();
      const before = await cacheFigures(endpoint);
      await holdConversation(endpoint, stream);
      const after = await cacheFigures(endpoint);
      assert.equal(after.hits - before.hits, questions.length - 1);
      assert.equal(after.misses - before.misses, 1);
    });
  }

  it('shows in the API as a session pinned to its instance', async () => {
    const gateway = await api();
    const stats = await eventually('the numbers of both conversations are there', () => {
      const now = gateway.stats();
      return now?.turns.completed === 2 * questions.length ? now : undefined;
    });
    assert.equal(stats.instances[0]?.pinnedSessions, 2);
    assert.equal(stats.sessionCache.size, 2);
    assert.equal(stats.turns.sentMessages, 2 * questions.length);
    // 1 + 3 + 5 + 7 + 9 messages were in the five requests of each conversation.
    assert.equal(stats.turns.totalMessages, 2 * 25);
  });

  it('is refused without the key', async () => {
    const { baseUrl } = await readyGateway();
    const response = await fetch(`${baseUrl}/v1/models`);
    assert.equal(response.status, 401);
  });
});
