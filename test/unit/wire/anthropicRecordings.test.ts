import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'mocha';
import { headsOf } from '../../support/canonical';
import { anthropicMessages } from '../../../src/wire/anthropicMessages';

/** What real clients sent to a mock; their prose is replaced, equal text by equal text. */
interface Recording {
  readonly toolSets: readonly object[][];
  readonly requests: readonly { client: string; tools: number; body: object }[];
}

describe('Messages: recordings of real clients', () => {
  const { toolSets, requests } = JSON.parse(
    readFileSync(path.resolve('test/fixtures/messages-requests.json'), 'utf8'),
  ) as Recording;

  /** How many requests of a client continue an answer to an earlier one, of how many. */
  const continued = (client: string): [number, number] => {
    const known = new Set<string>();
    let count = 0;
    const own = requests.filter((recorded) => recorded.client === client);
    for (const { tools, body } of own) {
      const whole = tools < 0 ? body : { ...body, tools: toolSets[tools] };
      const { turn } = anthropicMessages.parse(whole, {});
      const heads = headsOf('', turn.messages);
      if (heads.slice(0, -1).some((head) => known.has(head))) count++;
      known.add(heads.at(-1) ?? '');
    }
    return [count, own.length];
  };

  // What is not continued opens a conversation, asks for a title, or comes from a new process that
  // wrote the first message anew (Claude Code 2.1.197 only).
  for (const [client, count, of] of [
    ['claude-code-2', 8, 12],
    ['claude-code-8-rich', 2, 4],
    ['claude-code-latest-1', 10, 12],
    ['claude-code-latest-8-rich', 3, 4],
    ['claude-code-tui-1', 4, 9],
    ['cline-4', 2, 3],
    ['opencode-3', 5, 7],
    ['sdk-1', 1, 6],
  ] as const) {
    it(`${client}: all accepted, ${count} of ${of} continued`, () => {
      assert.deepEqual(continued(client), [count, of]);
    });
  }
});
