/** What the session cache costs a turn, beside parsing the body that the turn came in. */
import type { Message } from '../../../src/conversation/messages';
import { SessionCache } from '../../../src/session/cache';
import type { SessionOwner } from '../../../src/session/lease';
import { Chain } from '../../../src/session/chain';
import { parseChatRequest } from '../../../src/wire/openaiChatRequest';
import { systemClock } from '../../../src/base/systemClock';
import { reminderDigests } from '../../../src/gateway/reminders';
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
const SCOPE = 'scope';

export function reportCost(): void {
  heading('Look-up and commit beside JSON.parse');
  const rows = [
    ['English and code', 'const answer = compute(42); // as "agreed"\n'],
    ['Chinese', '请看一下这个函数，它返回了错误的结果。\n'],
  ].flatMap(([language = '', line = '']) =>
    SIZES.map(([size, bytes]) => rowFor(`${size}, ${language}`, bodyOf(bytes, line))),
  );
  table(
    [
      'body',
      'messages',
      'JSON.parse',
      'the one pass',
      'look-up + commit',
      'all ÷ parse',
      `≤ ${GOAL}`,
    ],
    rows,
  );
  say(`\n${method}`);
}

const method =
  'Medians of interleaved samples, in this process. JSON.parse: of the body as it arrives, in bytes. ' +
  'The one pass: canonical form and hash of every message, once. Look-up + commit: what comes on ' +
  'top and does not grow with the conversation: the reminders, the lease, the head of the answer, ' +
  'the commit. The body is a tool loop whose last results are new.';

function rowFor(name: string, body: Buffer): string[] {
  const messages = parseChatRequest(JSON.parse(body.toString()), {}).turn.messages;
  const turn = warmTurn(messages);
  const samples = { parse: [] as number[], pass: [] as number[], rest: [] as number[] };
  const deadline = performance.now() + MEASURE_MS;
  for (let sample = 0; performance.now() < deadline; sample++) {
    const beganMs = performance.now();
    JSON.parse(body.toString());
    const parsedMs = performance.now();
    const chain = new Chain(SCOPE, messages);
    const passedMs = performance.now();
    turn(chain);
    const doneMs = performance.now();
    if (sample < WARM_UP_SAMPLES) continue;
    samples.parse.push(parsedMs - beganMs);
    samples.pass.push(passedMs - parsedMs);
    samples.rest.push(doneMs - passedMs);
  }
  const [parse, pass, rest] = [samples.parse, samples.pass, samples.rest].map(median);
  const ratio = ((pass ?? 0) + (rest ?? 0)) / (parse ?? 0);
  return [
    name,
    String(messages.length),
    ...[parse, pass, rest].map((value) => ms(value ?? 0)),
    ratio.toFixed(2),
    ratio <= GOAL ? 'met' : 'missed',
  ];
}

/** A continued turn that leaves the cache as it was, so that it can be had again and again. */
function warmTurn(messages: readonly Message[]): (chain: Chain) => void {
  const owner: SessionOwner = { instanceId: 'lingma-1', incarnation: 1 };
  const cache = new SessionCache({ max: 256, maxPerInstance: 0, ttlMs: 0, clock: systemClock });
  const answer: Message = {
    role: 'assistant',
    parts: [{ type: 'text', text: 'An answer of the usual length. '.repeat(10) }],
    path: 'answer',
  };
  const run = (chain: Chain): boolean => {
    const lease = cache.lease({ chain, reminders: reminderDigests(messages) });
    chain.headAfter(answer);
    lease.commit({
      sessionId: 'session',
      owner,
      // Not the head after the answer, so that the session stays where it was.
      head: chain.headAt(chain.points[0] ?? 0),
      messageCount: messages.length + 1,
      reminders: [],
      label: undefined,
    });
    return lease.session !== undefined;
  };
  run(new Chain(SCOPE, messages));
  return (chain) => {
    if (!run(chain)) throw new Error('the session was not found');
  };
}

/** A Chat Completions body of about so many bytes. */
function bodyOf(bytes: number, line: string): Buffer {
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
  return Buffer.from(JSON.stringify({ model: 'org_auto', messages }));
}
