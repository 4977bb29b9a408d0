/** States of the gateway as the page may meet them, with the numbers of a working day. */
import type {
  GatewayActivity,
  HistorySample,
  RequestActivity,
  RequestDetails,
  SessionActivity,
} from '../../src/gateway/activity';
import { type ClientUsage, nothingYet } from '../../src/gateway/keyStatistics';
import type { GatewaySnapshot } from '../../src/gateway/snapshot';
import type { HostState } from '../../src/dashboard/protocol';
import { instance, snapshot } from '../unit/vscode/support';

/** When all of it happens; milliseconds since 1970. */
export const nowMs = Date.UTC(2026, 4, 12, 14, 6, 40);

export const emptyActivity: GatewayActivity = {
  sessions: [],
  requests: [],
  history: hourOf(() => undefined),
  clients: [usage('owner')],
  capturing: false,
};

export function busySnapshot(change: Partial<GatewaySnapshot> = {}): GatewaySnapshot {
  const base = snapshot();
  return {
    ...base,
    uptimeSeconds: 8040,
    instances: [
      instance({ pinnedSessions: 3, inFlight: 1, uptimeSeconds: 8040 }),
      instance({
        id: 'lingma-2',
        pid: 4790,
        port: 37_511,
        uptimeSeconds: 1930,
        pinnedSessions: 2,
        inFlight: 1,
        restarts: 1,
      }),
      instance({
        id: 'lingma-3',
        uptimeSeconds: null,
        pid: null,
        port: null,
        state: 'reconnecting',
        restarts: 4,
        problem: 'The Lingma process ended with code 1. A new one starts in 8 seconds.',
      }),
    ],
    sessionCache: {
      ...base.sessionCache,
      size: 5,
      hit_total: 412,
      miss_total: 57,
      hit_rate: 0.8785,
      evict_total: 3,
      expire_total: 21,
      invalidate_total: 2,
      leased: 2,
    },
    concurrency: { ...base.concurrency, inFlight: 2, queued: 1, oldestWaitMs: 1400 },
    turns: {
      ...base.turns,
      completed: 461,
      failed: 5,
      cancelled: 3,
      sentMessages: 1024,
      totalMessages: 18_730,
      sentBytes: 3_310_000,
      totalBytes: 48_900_000,
      inputTokens: 12_480_000,
      cachedTokens: 11_310_000,
      outputTokens: 241_000,
      reasons: {
        continued: 412,
        new: 31,
        branched: 9,
        busy: 4,
        compacted: 3,
        diverged: 1,
        expired: 7,
        lost: 2,
      },
    },
    ...change,
  };
}

const sessions: readonly SessionActivity[] = [
  session({
    id: 'k3v9x1qa',
    agent: 'claude-cli',
    turns: 34,
    messages: 112,
    state: 'leased',
    ttlLeftSeconds: null,
    ageSeconds: 5412,
  }),
  session({
    id: 'p07mzt4e',
    instanceId: 'lingma-2',
    agent: 'codex_cli_rs',
    source: 'responses',
    turns: 12,
    messages: 47,
    state: 'leased',
    ttlLeftSeconds: null,
    ageSeconds: 1930,
  }),
  session({
    id: 'a8w2h6ns',
    agent: null,
    client: 'continue',
    source: 'chat',
    model: 'org_thinking',
    turns: 3,
    messages: 6,
    ageSeconds: 420,
    ttlLeftSeconds: 1507,
  }),
  session({
    id: 'f1c5r0yd',
    instanceId: 'lingma-2',
    agent: null,
    source: 'vscode',
    turns: 2,
    messages: 4,
    ageSeconds: 1320,
    ttlLeftSeconds: 642,
  }),
  session({
    id: 'z9t4b7uo',
    agent: 'opencode',
    source: 'chat',
    turns: 8,
    messages: 31,
    ageSeconds: 2610,
    ttlLeftSeconds: 48,
  }),
];

const requests: readonly RequestActivity[] = [
  request(0, {
    state: 'waiting',
    agent: 'claude-cli',
    reason: null,
    instanceId: null,
    sentMessages: null,
    totalMessages: 113,
    ttftMs: null,
    durationMs: 1400,
    inputTokens: null,
    cachedTokens: null,
    outputTokens: null,
  }),
  request(1, {
    state: 'streaming',
    agent: 'claude-cli',
    sentMessages: 1,
    totalMessages: 111,
    ttftMs: 640,
    durationMs: 4200,
    inputTokens: 68_310,
    cachedTokens: 66_900,
    outputTokens: 212,
  }),
  request(2, {
    state: 'streaming',
    agent: 'codex_cli_rs',
    source: 'responses',
    instanceId: 'lingma-2',
    sentMessages: 2,
    totalMessages: 48,
    ttftMs: 910,
    durationMs: 9100,
    inputTokens: 31_420,
    cachedTokens: 29_800,
    outputTokens: 530,
  }),
  request(3, {
    agent: 'claude-cli',
    sentMessages: 1,
    totalMessages: 109,
    ttftMs: 580,
    durationMs: 6700,
    captured: true,
  }),
  request(4, {
    client: 'continue',
    source: 'chat',
    model: 'org_thinking',
    reason: 'new',
    sentMessages: 6,
    totalMessages: 6,
    ttftMs: 2140,
    durationMs: 18_300,
    inputTokens: 5210,
    cachedTokens: 0,
    outputTokens: 940,
  }),
  request(5, {
    agent: 'opencode',
    source: 'chat',
    model: 'gpt-5-codex',
    state: 'failed',
    errorCode: 'upstream_rate_limit',
    reason: 'branched',
    sentMessages: 30,
    totalMessages: 30,
    ttftMs: null,
    durationMs: 820,
    inputTokens: null,
    cachedTokens: null,
    outputTokens: null,
  }),
  request(6, {
    source: 'vscode',
    instanceId: 'lingma-2',
    sentMessages: 1,
    totalMessages: 3,
    ttftMs: 730,
    durationMs: 3900,
    inputTokens: 1620,
    cachedTokens: 1180,
    outputTokens: 301,
  }),
  request(7, {
    agent: 'qwen-code',
    source: 'ollama',
    state: 'cancelled',
    reason: 'expired',
    sentMessages: 17,
    totalMessages: 17,
    ttftMs: 1210,
    durationMs: 2600,
    inputTokens: 9980,
    cachedTokens: 0,
    outputTokens: 88,
  }),
  ...Array.from({ length: 24 }, (_, index) =>
    request(8 + index, {
      agent: 'claude-cli',
      sentMessages: 1,
      totalMessages: 107 - 2 * index,
      ttftMs: 520 + ((index * 137) % 400),
      durationMs: 3100 + ((index * 911) % 7000),
    }),
  ),
];

export const busyActivity: GatewayActivity = {
  sessions,
  requests,
  history: hourOf((minute) => {
    // A quiet lunch, and one bad minute.
    if ((minute > 21 && minute < 34) || minute === 47) return undefined;
    const wave = Math.sin(minute / 5) + Math.sin(minute / 1.7) / 2;
    const turns = Math.max(1, Math.round(8 + 4 * wave));
    const misses =
      minute === 0 || minute === 34 ? turns - 1 : Math.round(turns * 0.12 * (minute % 3));
    return {
      hits: turns - misses,
      misses,
      failed: minute === 41 ? 3 : 0,
      ttftMs: 620 + 180 * wave + misses * 240,
      durationMs: 4700 + 1900 * wave + misses * 800,
    };
  }),
  clients: [usage('owner')],
  capturing: false,
};

/** A gateway that nobody has asked anything. */
export function unusedSnapshot(change: Partial<GatewaySnapshot> = {}): GatewaySnapshot {
  const base = snapshot();
  return { ...base, sessionCache: { ...base.sessionCache, size: 0 }, ...change };
}

/** What is known of the fourth request of `busyActivity`, texts and all. */
export const capturedDetails: RequestDetails = {
  request: requests[3] ?? request(3, {}),
  asked: [
    '[user]',
    'The test of the parser fails on an empty line. Find out why, and mend it.',
    '',
    '[assistant → Read]',
    '{"file_path": "src/parser.ts", "limit": 80}',
    '',
    '[tool]',
    "export function parseLine(line: string): Entry | undefined {\n  const [key, value] = line.split('=');\n  return { key: key.trim(), value: value.trim() };\n}",
  ].join('\n'),
  answered:
    'The function takes for granted that every line holds an equals sign. For an empty line `value` is undefined, and `value.trim()` throws.\n\nI will return undefined for lines without one.',
  cut: true,
};

export const ready = (
  change: Partial<GatewaySnapshot> = {},
  role: 'leader' | 'follower' = 'leader',
): HostState => ({ kind: 'ready', role, snapshot: busySnapshot(change) });

/** What a picture is taken of; a page without a state has not heard from its host yet. */
export interface Scene {
  readonly name: string;
  readonly state?: HostState;
  readonly activity?: GatewayActivity;
}

export const scenes: readonly Scene[] = [
  { name: 'loading' },
  { name: 'stopped', state: { kind: 'stopped' } },
  {
    name: 'starting',
    state: {
      kind: 'starting',
      snapshot: snapshot({
        state: 'starting',
        instances: [instance({ state: 'starting', port: null })],
      }),
    },
  },
  {
    name: 'empty',
    state: { kind: 'ready', role: 'leader', snapshot: unusedSnapshot() },
    activity: emptyActivity,
  },
  { name: 'ready', state: ready(), activity: busyActivity },
  {
    name: 'demo',
    state: { kind: 'ready', role: 'leader', snapshot: unusedSnapshot({ demo: true }) },
    activity: emptyActivity,
  },
  {
    name: 'signed-out',
    state: ready({
      instances: [
        instance({ signedIn: false, pinnedSessions: 3 }),
        instance({ id: 'lingma-2', signedIn: false, pid: 4790 }),
      ],
    }),
    activity: busyActivity,
  },
  {
    name: 'failed',
    state: {
      kind: 'failed',
      code: 'port_in_use',
      problem: 'Port 8317 is used by another program. Choose another port, or close that program.',
      snapshot: null,
    },
  },
  {
    name: 'failed-with-data',
    state: {
      kind: 'failed',
      code: 'no_instance',
      problem:
        'No Lingma instance is left: lingma-1 ended with code 1 three times in a row. The log says more.',
      snapshot: busySnapshot({
        state: 'failed',
        instances: [
          instance({
            state: 'failed',
            pid: null,
            port: null,
            restarts: 3,
            problem: 'The Lingma process ended with code 1.',
          }),
        ],
      }),
    },
    activity: busyActivity,
  },
  { name: 'follower', state: ready({}, 'follower'), activity: busyActivity },
];

function session(change: Partial<SessionActivity>): SessionActivity {
  return {
    id: 'aaaaaaaa',
    instanceId: 'lingma-1',
    client: 'owner',
    agent: null,
    source: 'messages',
    model: 'org_auto',
    turns: 1,
    messages: 2,
    state: 'idle',
    ageSeconds: 60,
    ttlLeftSeconds: 1740,
    ...change,
  };
}

function request(number: number, change: Partial<RequestActivity>): RequestActivity {
  return {
    id: `req_${(0x9e3779b1 * (number + 1)).toString(16).slice(0, 8)}`,
    startedAtMs: nowMs - 1400 - number * 17_300,
    source: 'messages',
    client: 'owner',
    agent: null,
    model: 'claude-sonnet-4-5',
    state: 'completed',
    instanceId: 'lingma-1',
    reason: 'continued',
    sentMessages: 1,
    totalMessages: 2,
    ttftMs: 600,
    durationMs: 4000,
    inputTokens: 66_120 - 900 * number,
    cachedTokens: 64_700 - 900 * number,
    outputTokens: 180 + 31 * number,
    errorCode: null,
    captured: false,
    ...change,
  };
}

function hourOf(
  minuteAt: (minute: number) => Omit<HistorySample, 'atMs'> | undefined,
): HistorySample[] {
  const none = { hits: 0, misses: 0, failed: 0, ttftMs: null, durationMs: null };
  const end = nowMs - (nowMs % 60_000);
  return Array.from({ length: 60 }, (_, minute) => ({
    atMs: end - (59 - minute) * 60_000,
    ...(minuteAt(minute) ?? none),
  }));
}

/** What a client has used: nothing, but for what the test says. */
export function usage(name: string, change: Partial<ClientUsage> = {}): ClientUsage {
  return { ...nothingYet(name), ...change };
}
