/** What the session cache costs a turn, beside parsing the body that the turn came in. */
import type { Message } from '../../../src/conversation/messages';
import { type SessionOwner, SessionCache } from '../../../src/session/cache';
import { chainExtend, chainHeads, continuationPoints } from '../../../src/session/chain';
import { buildKey } from '../../../src/session/key';
import { parseChatRequest } from '../../../src/wire/openaiChatRequest';
import { systemClock } from '../../../src/base/clock';
import { heading, ms, say, table } from '../report';
import { median } from '../statistics';

const SIZES: readonly (readonly [string, number])[] = [
  ['10 KB', 10_000],
  ['100 KB', 100_000],
  ['1 MB', 1_000_000],
];
/** Time for one size; the smaller the body, the more samples it gives. */
const MEASURE_MS = 1_500;
const WARM_UP_SAMPLES = 50;
/** Characters of a tool result, the bulk of what agents send. */
const RESULT_LENGTH = 1_500;
const GOAL = 0.5;

export function reportCost(): void {
  heading('Look-up and commit beside JSON.parse');
  const rows = [
    ['English and code', 'const answer = compute(42); // as "agreed"\n'],
    ['Chinese', '请看一下这个函数，它返回了错误的结果。\n'],
  ].flatMap(([language = '', line = '']) =>
    SIZES.map(([size, bytes]) => rowFor(`${size}, ${language}`, bodyOf(bytes, line))),
  );
  table(['body', 'messages', 'JSON.parse', 'look-up + commit', 'ratio', `goal ≤ ${GOAL}`], rows);
  say(`\n${method}`);
}

const method =
  'Medians of interleaved samples, in this process. Look-up and commit: the canonical form and the ' +
  'hash chain of all messages, the points to continue from, the lease, the head of the answer, the ' +
  'commit. The body is a tool loop whose last results are new.';

function rowFor(name: string, body: string): string[] {
  const messages = parseChatRequest(JSON.parse(body), {}).turn.messages;
  const turn = warmTurn(messages);
  const parses: number[] = [];
  const turns: number[] = [];
  const deadline = performance.now() + MEASURE_MS;
  for (let sample = 0; performance.now() < deadline; sample++) {
    const beganMs = performance.now();
    JSON.parse(body);
    const parsedMs = performance.now();
    turn();
    const doneMs = performance.now();
    if (sample < WARM_UP_SAMPLES) continue;
    parses.push(parsedMs - beganMs);
    turns.push(doneMs - parsedMs);
  }
  const ratio = median(turns) / median(parses);
  return [
    name,
    String(messages.length),
    ms(median(parses)),
    ms(median(turns)),
    ratio.toFixed(2),
    ratio <= GOAL ? 'met' : 'missed',
  ];
}

/** A continued turn that leaves the cache as it was, so that it can be had again and again. */
function warmTurn(messages: readonly Message[]): () => void {
  const owner: SessionOwner = { instanceId: 'lingma-1', incarnation: 1 };
  const cache = new SessionCache({ max: 256, ttlMs: 0, clock: systemClock });
  const answer: Message = {
    role: 'assistant',
    parts: [{ type: 'text', text: 'An answer of the usual length. '.repeat(10) }],
    path: 'answer',
  };
  const run = (): boolean => {
    const heads = chainHeads(buildKey('bench', []), messages);
    const points = continuationPoints(messages);
    const lease = cache.lease({ heads, points, reminders: new Set() });
    const next = chainExtend(heads.at(-1) ?? '', answer);
    // The real commit has `next` for its head; this one puts the session back where it was.
    const head = heads[points[0] ?? 0] ?? next;
    lease.commit({
      sessionId: 'session',
      owner,
      head,
      messageCount: messages.length + 1,
      reminders: new Set(),
    });
    return lease.session !== undefined;
  };
  run();
  return () => {
    if (!run()) throw new Error('the session was not found');
  };
}

/** A Chat Completions body of about so many bytes. */
function bodyOf(bytes: number, line: string): string {
  const result = line.repeat(Math.ceil(RESULT_LENGTH / Buffer.byteLength(line)));
  const messages: object[] = [{ role: 'user', content: `Mend it.\n${line}` }];
  let size = 0;
  for (let step = 0; size < bytes; step++) {
    const id = `call_${step}`;
    const call = { name: 'read_file', arguments: JSON.stringify({ path: `src/${step}.ts`, step }) };
    const added = [
      {
        role: 'assistant',
        content: `Step ${step}: ${line}`,
        tool_calls: [{ id, type: 'function', function: call }],
      },
      { role: 'tool', tool_call_id: id, content: `${step}\n${result}` },
    ];
    messages.push(...added);
    size += Buffer.byteLength(JSON.stringify(added));
  }
  return JSON.stringify({ model: 'org_auto', messages });
}
