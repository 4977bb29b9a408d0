/**
 * What becomes of each recorded request, written by hand from what its client changed between two
 * requests and what counts as the same conversation (session-reuse §3). A row is
 *
 *     NUMBER REASON SENT/ALL [after NUMBER] [: why]
 *
 * `after` names the request whose answer this one repeats. Whatever repeats an answer and is not
 * continued, or is called anything but new, says why.
 */

export interface ExpectedTurn {
  readonly n: number;
  readonly session: string;
  readonly after: number | undefined;
}

/** Routes without a turn, and the status they answer with. */
export const OTHER_ROUTES: Readonly<Record<string, number>> = {
  'GET /v1/models': 200,
  // Codex asks for a WebSocket and falls back to HTTP at this status.
  'GET /v1/responses': 426,
  'HEAD /': 200,
  'POST /v1/messages/count_tokens': 200,
};

const ROW = /^(\d+) (\w+ \d+\/\d+)(?: after (\d+))?(: .+)?$/;

function rows(text: string): ExpectedTurn[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [, n, session = '', after, why] = ROW.exec(line.trim()) ?? [];
      if (n === undefined) throw new Error(`not a row: ${line}`);
      const continued = session.startsWith('continued');
      const plain = continued ? after !== undefined : session.startsWith('new') && !after;
      if (plain === (why !== undefined)) throw new Error(`a reason too many or too few: ${line}`);
      return { n: Number(n), session, after: after === undefined ? undefined : Number(after) };
    });
}

/** The SDKs send single questions, and a few tool loops of two requests each. */
const sdk = rows(`
  2 new 1/1
  3 new 1/1
  4 new 1/1
  5 new 1/1
  6 continued 1/3 after 5
  7 new 1/1
  8 new 1/1
  9 new 1/1
  10 new 1/1
  11 new 1/1
  12 new 1/1
  15 new 1/1
  16 new 1/1
  17 continued 1/3 after 16
  18 new 1/1
  19 new 1/1
  20 continued 1/3 after 19
  21 new 1/1
  22 new 1/1
  23 continued 1/3 after 22
  24 new 1/1
  25 new 1/1
  26 continued 1/3 after 25
  27 new 1/1
  28 new 1/1
  29 new 1/1
  30 new 1/1
  31 new 1/1
  32 new 1/1
`);

export const EXPECTED: Readonly<Record<string, readonly ExpectedTurn[]>> = {
  'claude-code-1.json': rows(`2 new 3/3`),
  'claude-code-2.json': rows(`
    2 new 3/3
    3 continued 1/5 after 2
    4 continued 1/7 after 3
    6 new 9/9 after 4: a new process describes its Bash tool and its model in other words
    7 continued 1/11 after 6
    9 new 13/13 after 7: another model, and again other words
    11 new 3/3
    12 continued 1/5 after 11
    13 continued 1/7 after 12
    14 continued 1/9 after 13
    15 continued 1/11 after 14
    16 continued 1/13 after 15
  `),
  'claude-code-3-rejectsystem.json': rows(`
    2 new 3/3
    3 new 2/2
    4 continued 1/4 after 3
  `),
  'claude-code-4-env.json': rows(`
    2 new 3/3
    3 continued 1/5 after 2
  `),
  'claude-code-8-rich.json': rows(`
    2 new 3/3
    3 continued 2/6 after 2
    4 continued 2/9 after 3
    6 new 11/11 after 4: a new process describes its Bash tool and its model in other words
  `),
  'claude-code-9-dayroll.json': rows(`2 new 7/7`),
  'claude-code-latest-1.json': rows(`
    1 new 3/3
    2 continued 1/5 after 1
    3 continued 1/7 after 2
    4 continued 1/9 after 3
    5 continued 1/11 after 4
    6 new 14/14 after 5: another model
    7 new 3/3
    8 continued 1/5 after 7
    9 continued 1/7 after 8
    10 continued 1/9 after 9
    11 continued 1/11 after 10
    12 continued 1/13 after 11
  `),
  'claude-code-latest-2-rejectsystem.json': rows(`
    1 new 3/3
    2 new 2/2
    3 continued 1/4 after 2
  `),
  'claude-code-latest-3-env.json': rows(`
    2 new 3/3
    3 continued 1/5 after 2
  `),
  'claude-code-latest-8-rich.json': rows(`
    1 new 3/3
    2 continued 2/6 after 1
    3 continued 2/9 after 2
    4 continued 1/11 after 3
  `),
  'claude-code-latest-9-dayroll.json': rows(`1 new 8/8`),
  'claude-code-tui-1.json': rows(`
    2 new 2/2
    3 new 3/3
    4 continued 1/5 after 3
    5 new 2/2
    6 continued 1/7 after 4
    7 continued 1/9 after 6
    22 branched 10/10 after 6: asks for a summary in the message that 7 sent without that
    23 new 2/2
    24 compacted 5/5: the summary stands for everything before
  `),
  'cline-1.json': rows(`
    1 new 2/2
    2 continued 1/4 after 1
    3 continued 1/6 after 2
  `),
  'cline-2.json': rows(`
    1 new 2/2
    2 continued 1/4 after 1
  `),
  'cline-3.json': rows(`
    1 new 2/2
    2 continued 1/4 after 1
  `),
  'cline-4.json': rows(`
    1 new 2/2
    2 continued 1/4 after 1
    3 continued 1/6 after 2
  `),
  'codex-1.json': rows(`
    1 new 4/4
    2 continued 1/6 after 1
    3 continued 1/8 after 2
    4 continued 1/10 after 3
    5 continued 1/12 after 4
    6 continued 1/14 after 5
  `),
  'codex-2.json': rows(`
    1 new 4/4
    2 continued 1/6 after 1
    3 new 10/10 after 2: another model with other tools
    4 new 4/4
    5 new 4/4
  `),
  'codex-3.json': rows(`2 new 4/4`),
  'codex-4-compaction.json': rows(`
    1 new 4/4
    2 new 7/7 after 1: asks for a summary without any tools
    3 new 5/5
    4 diverged 8/8 after 3: asks for a summary without any tools, as 2 did
    5 new 5/5
  `),
  'codex-8-rich.json': rows(`
    1 new 4/4
    2 continued 2/7 after 1
    3 continued 1/9 after 2
  `),
  'codex-old-1.json': rows(`
    1 new 3/3
    2 continued 1/5 after 1
    3 new 3/3
    4 continued 1/5 after 3
    5 new 3/3
    6 continued 1/5 after 5
  `),
  'continue-1.json': rows(`
    1 new 2/2
    2 continued 1/4 after 1
    3 continued 1/6 after 2
    4 continued 1/8 after 3
    5 continued 1/10 after 4
  `),
  'opencode-1.json': rows(`
    1 new 3/3
    2 new 2/2
    3 continued 1/4 after 2
    4 continued 1/6 after 3
    5 continued 1/8 after 4
    6 continued 1/10 after 5
    7 continued 1/12 after 6
  `),
  'opencode-2.json': rows(`
    1 new 3/3
    2 new 2/2
    3 continued 1/4 after 2
    4 continued 1/6 after 3
    5 continued 1/8 after 4
    6 continued 1/10 after 5
    7 continued 1/12 after 6
  `),
  'opencode-3.json': rows(`
    1 new 2/2
    2 new 2/2
    3 continued 1/4 after 2
    4 continued 1/6 after 3
    5 continued 1/8 after 4
    6 continued 1/10 after 5
    7 continued 1/12 after 6
  `),
  'opencode-4-ctxdrift.json': rows(`
    1 new 3/3
    2 new 2/2
    3 new 4/4 after 2: a new process wrote the changed AGENTS.md into the system prompt
  `),
  'opencode-9-dayroll.json': rows(`1 new 14/14`),
  'qwen-1.json': rows(`
    1 new 4/4
    2 continued 1/6 after 1
    3 continued 1/8 after 2
    4 continued 1/10 after 3
    5 continued 1/12 after 4
  `),
  'qwen-latest-1.json': rows(`
    1 new 2/2
    2 continued 1/4 after 1
    3 continued 1/6 after 2
    4 continued 1/8 after 3
    5 continued 1/10 after 4
  `),
  'qwen-latest-2.json': rows(`
    1 new 2/2
    2 continued 1/4 after 1
    3 continued 1/6 after 2
    4 continued 1/8 after 3
    5 continued 1/10 after 4
    6 continued 1/12 after 5
  `),
  'qwen-latest-8-rich.json': rows(`
    1 new 2/2
    2 continued 2/5 after 1
    3 continued 1/7 after 2
    4 new 9/9 after 3: gathers memories in the background, with other tools
  `),
  'sdk-1.json': sdk,
  'sdk22-1.json': sdk,
};
