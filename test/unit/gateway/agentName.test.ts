import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { agentName } from '../../../src/gateway/agentName';

describe('gateway/agentName', () => {
  const cases: [string | undefined, string | null][] = [
    ['claude-cli/2.1.0 (external, cli)', 'claude-cli'],
    ['codex_cli_rs/0.46.0 (Debian 12; x86_64) unknown', 'codex_cli_rs'],
    ['OpenAI/JS 6.1.0', 'OpenAI'],
    ['Mozilla/5.0 (X11; Linux)', 'Mozilla'],
    ['node', 'node'],
    ['Some Client (beta)', 'Some Client'],
    ['b\u00e4d\tname\u0007/1', 'bdname'],
    ['x'.repeat(100), 'x'.repeat(40)],
    ['/1.0', null],
    ['', null],
    [undefined, null],
  ];
  for (const [header, expected] of cases) {
    it(`${JSON.stringify(header?.slice(0, 50))} is ${String(expected)}`, () => {
      assert.equal(agentName(header), expected);
    });
  }
});
