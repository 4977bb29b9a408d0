/** The table of session-reuse §2: who answers to the right conversation, and who reuses. */
import { heading, say, table } from '../report';
import { ModelGateway, SeedScheme, stateless } from './models';
import { OurGateway } from './ours';
import { type Outcome, runWorkload } from './run';
import { type Workload, workloads } from './workloads';

/** Least share of the possible reuse. */
const REUSE_GOAL = 0.99;
const SHOWN_CASES = 3;

interface Row {
  readonly workload: Workload;
  /** The seed's scheme without branch, with it, and none at all. */
  readonly models: readonly Outcome[];
  readonly ours: Outcome;
}

export interface FidelityOptions {
  /** Share of the chats to run. */
  readonly scale: number;
  readonly seed: number;
  /** Runs only the workloads whose name holds this. */
  readonly only: string;
}

/** Prints the table; resolves with whether every goal was met. */
export async function reportFidelity({ scale, seed, only }: FidelityOptions): Promise<boolean> {
  heading('Faithful turns and reused sessions');
  const rows: Row[] = [];
  for (const workload of workloads(scale)) {
    if (workload.name.includes(only)) rows.push(await runRow(workload, seed));
  }
  if (rows.length === 0) throw new Error(`no workload has "${only}" in its name`);
  table(
    [
      'workload',
      'turns',
      'seed, no branch',
      'seed, branch hash',
      'stateless',
      'ours (HTTP)',
      'possible',
      'reuse ÷ possible',
    ],
    rows.map(cellsOf),
  );
  say(`\n${method}`);
  return reportGoals(rows.map(({ workload, ours }) => [workload.name, ours] as const));
}

const method =
  'Each cell is faithful % / reused % of all turns. *Faithful*: what the session held and what the ' +
  'turn sent are together exactly the messages of the client. The seed and the stateless gateway are ' +
  'models; ours is the launcher with demo processes behind HTTP, judged from what those recorded. ' +
  '*Possible* is the reuse of a cache with whole transcripts. Clients trim answers and rewrite line ' +
  'ends in every row but the first; in the mixed one the rates are halved. “–”: not modelled.';

async function runRow(workload: Workload, seed: number): Promise<Row> {
  const models: Outcome[] = [];
  if (workload.models) {
    for (const scheme of [new SeedScheme(false), new SeedScheme(true), stateless]) {
      models.push(await runWorkload(workload, new ModelGateway(scheme), seed));
    }
  }
  const gateway = await OurGateway.launch(workload.launch);
  try {
    return { workload, models, ours: await runWorkload(workload, gateway, seed) };
  } finally {
    await gateway.stop();
  }
}

function cellsOf({ workload, models, ours }: Row): string[] {
  const pair = (outcome: Outcome | undefined): string =>
    outcome
      ? `${percent(outcome.faithful / outcome.turns)} / ${percent(outcome.reused / outcome.turns)}`
      : '–';
  return [
    workload.name,
    String(ours.turns),
    pair(models[0]),
    pair(models[1]),
    pair(models[2]),
    pair(ours),
    percent(ours.possible / ours.turns),
    shareOf(ours).toFixed(3),
  ];
}

function reportGoals(rows: readonly (readonly [string, Outcome])[]): boolean {
  const outcomes = rows.map(([, ours]) => ours);
  const total = (count: (ours: Outcome) => number): number =>
    outcomes.reduce((sum, ours) => sum + count(ours), 0);
  const unfaithful = total(({ unfaithful: cases }) => cases.length);
  const violations = total(({ violations: cases }) => cases.length);
  const least = Math.min(...outcomes.map(shareOf));
  const verdict = (met: boolean): string => (met ? '**met**' : '**missed**');
  say();
  say(
    `- Unfaithful turns of ours: ${unfaithful} of ${total(({ turns }) => turns)}, goal 0: ` +
      verdict(unfaithful === 0),
  );
  say(
    `- Least reuse ÷ possible of ours: ${least.toFixed(3)}, goal ≥ ${REUSE_GOAL}: ` +
      verdict(least >= REUSE_GOAL),
  );
  say(
    '- Asks on a busy or an unknown session, refused asks, protocol mistakes, sessions nobody ' +
      `deletes, failed turns: ${violations}, goal 0: ${verdict(violations === 0)}`,
  );
  say(
    `- Turns that failed in the crash and were sent again by the client: ${total(({ failures }) => failures)}`,
  );
  for (const [name, ours] of rows) {
    sayCases(`${name}: unfaithful`, ours.unfaithful);
    sayCases(`${name}: missed`, ours.missed);
    sayCases(`${name}: violation`, ours.violations);
  }
  return unfaithful === 0 && violations === 0 && least >= REUSE_GOAL;
}

function sayCases(title: string, cases: readonly string[]): void {
  if (cases.length === 0) return;
  say(`\n${title} (${cases.length}), for example:`);
  for (const text of cases.slice(0, SHOWN_CASES)) say(`  ${text}`);
}

function shareOf({ reused, possible }: Outcome): number {
  return possible === 0 ? 1 : reused / possible;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
