/**
 * The words and numbers of the panel, read from its page, and what they have to be for what
 * `/internal/stats` and `/internal/activity` say. English only.
 */
import type { FrameLocator } from 'playwright-core';
import {
  formatBytes,
  formatCompact,
  formatDuration,
  percent,
} from '../../../src/dashboard/numbers';
import type {
  GatewayActivity,
  RequestActivity,
  SessionActivity,
  TurnSource,
} from '../../../src/gateway/activity';
import type { GatewaySnapshot, InstanceSnapshot } from '../../../src/gateway/snapshot';

/** Texts of cells, each in one line. */
type Rows = readonly (readonly string[])[];

export interface PanelText {
  /** Name, value and the line below it. */
  readonly figures: Rows;
  readonly instances: Rows;
  /** By instance: its heading, then its conversations. */
  readonly conversations: Rows;
  readonly requests: Rows;
  /** Reason, turns, share. */
  readonly reasons: Rows;
}

/** Runs in the page, in one go: what it shows may change between two questions. */
const readPage = `(() => {
  const main = document.querySelector('main');
  const cellsOf = (part, selector) =>
    [...part.querySelectorAll(selector)].map((cell) => cell.innerText.replace(/\\s+/g, ' ').trim());
  const rowsOf = (table) =>
    [...main.querySelectorAll('table.' + table + ' tbody tr:not(.details)')].map((row) =>
      cellsOf(row, ':scope > *'),
    );
  return {
    figures: [...main.querySelectorAll('.card')].map((card) =>
      cellsOf(card, 'dt, dd.value, dd.quiet'),
    ),
    instances: rowsOf('instances'),
    conversations: rowsOf('conversations'),
    requests: rowsOf('requests'),
    reasons: rowsOf('reasons'),
  };
})()`;

/** What the panel shows. Times that run by themselves are `…`. */
export async function readPanel(panel: FrameLocator): Promise<PanelText> {
  const shown: PanelText = await panel.locator('main').evaluate(readPage);
  return {
    ...shown,
    instances: shown.instances.map((cells) =>
      cells.map((cell, column) => (column === 0 ? cell.replace(/ · up .*$/, ' · up …') : cell)),
    ),
    conversations: shown.conversations.map((cells) =>
      cells.map((cell, column) => (isAge(column) && cell !== '–' ? '…' : cell)),
    ),
    requests: shown.requests.map((cells) =>
      cells.map((cell, column) => (column === 5 && isRunning(cells[7]) ? '…' : cell)),
    ),
    // The name of a reason is one word; what it means follows.
    reasons: shown.reasons.map(([name = '', ...rest]) => [name.replace(/ .*$/, ''), ...rest]),
  };
}

/** What the panel has to show. */
export function expectedPanel(snapshot: GatewaySnapshot, activity: GatewayActivity): PanelText {
  return {
    figures: figures(snapshot),
    instances: snapshot.instances.map((instance) =>
      instanceRow(instance, snapshot.concurrency.maxInFlightPerInstance),
    ),
    conversations: snapshot.instances.flatMap(({ id }) =>
      conversationRows(
        id,
        activity.sessions.filter(({ instanceId }) => instanceId === id),
      ),
    ),
    requests: activity.requests.slice(0, 10).map(requestRow),
    reasons: reasonRows(snapshot),
  };
}

/** The columns of the conversations that show an age, or the time that is left. */
function isAge(column: number): boolean {
  return column === 4 || column === 5;
}

function isRunning(status = ''): boolean {
  return status === 'Waiting' || status === 'Streaming';
}

const count = (value: number): string => value.toLocaleString('en');
const compact = (value: number): string => formatCompact(value, 'en');
const bytes = (value: number): string => formatBytes(value, 'en');
const duration = (ms: number): string => formatDuration(ms, 'en');
const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
const several = (value: number, one: string, other: string): string =>
  `${count(value)} ${value === 1 ? one : other}`;

function figures({ sessionCache: cache, turns, concurrency }: GatewaySnapshot): Rows {
  const { inputTokens, cachedTokens, sentBytes, totalBytes } = turns;
  return [
    [
      'Hit rate',
      percent(cache.hit_rate),
      `${several(cache.hit_total, 'hit', 'hits')}, ${several(cache.miss_total, 'miss', 'misses')}`,
    ],
    [
      'Sessions',
      `${count(cache.size)} of ${count(cache.max)}`,
      `${count(cache.leased)} in use, kept for ${duration(cache.ttl_sec * 1000)}`,
    ],
    [
      'Tokens saved',
      percent(cachedTokens / inputTokens),
      `${compact(cachedTokens)} of ${compact(inputTokens)} reused`,
    ],
    [
      'Bytes saved',
      percent((totalBytes - sentBytes) / totalBytes),
      `${bytes(sentBytes)} of ${bytes(totalBytes)} sent`,
    ],
    [
      'Turns',
      count(turns.completed),
      `${count(turns.failed)} failed, ${count(turns.cancelled)} cancelled`,
    ],
    ['In flight', count(concurrency.inFlight), `${count(concurrency.queued)} waiting`],
  ];
}

/** Of an instance that is ready. */
function instanceRow(instance: InstanceSnapshot, limit: number): readonly string[] {
  return [
    `${instance.id} Port ${instance.port} · up …`,
    capital(instance.state),
    String(instance.pid),
    count(instance.pinnedSessions),
    limit > 0 ? `${instance.inFlight} / ${limit}` : String(instance.inFlight),
    count(instance.restarts),
    instance.inFlight > 0 ? 'Drain Restart' : 'Restart',
  ];
}

function conversationRows(instanceId: string, sessions: readonly SessionActivity[]): Rows {
  if (sessions.length === 0) return [];
  return [
    [`${instanceId} ${several(sessions.length, 'conversation', 'conversations')}`],
    ...sessions.map((session) => [
      [
        session.agent ?? session.client,
        session.id,
        session.agent === null
          ? sourceNames[session.source]
          : `${session.client} · ${sourceNames[session.source]}`,
      ].join(' '),
      session.model,
      count(session.turns),
      count(session.messages),
      '…',
      session.ttlLeftSeconds === null ? '–' : '…',
      session.state === 'leased' ? 'In use' : 'Idle',
      session.state === 'leased' ? '' : 'Evict',
    ]),
  ];
}

function requestRow(request: RequestActivity): readonly string[] {
  const { agent, client, source, sentMessages, totalMessages } = request;
  const startedAt = new Date(request.startedAtMs).toLocaleTimeString('en', {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  const sender = [agent === null ? null : client, sourceNames[source]].filter(Boolean).join(' · ');
  const sent =
    sentMessages === null || sentMessages === totalMessages
      ? several(totalMessages, 'message', 'messages')
      : `${sentMessages}/${totalMessages} messages`;
  return [
    startedAt,
    `${agent ?? client} ${sender}`,
    request.model,
    `${capital(request.reason ?? '')} ${request.instanceId} · ${sent}`,
    request.ttftMs === null ? '–' : duration(request.ttftMs),
    request.state === 'waiting' || request.state === 'streaming'
      ? '…'
      : duration(request.durationMs),
    tokens(request),
    [capital(request.state), request.errorCode].filter(Boolean).join(' '),
  ];
}

/** For screen readers, then for eyes, then what was reused. */
function tokens({ inputTokens, cachedTokens, outputTokens }: RequestActivity): string {
  if (inputTokens === null && outputTokens === null) return '–';
  const [asked, answered] = [inputTokens, outputTokens].map((value) =>
    value === null ? '–' : compact(value),
  );
  const reused = cachedTokens ? ` ${compact(cachedTokens)} reused` : '';
  return `${asked} in, ${answered} out ${asked} → ${answered}${reused}`;
}

function reasonRows({ turns: { reasons } }: GatewaySnapshot): Rows {
  const all = Object.values(reasons).reduce((sum, turns) => sum + turns, 0);
  return Object.entries(reasons).map(([name, turns]) => [
    capital(name),
    count(turns),
    percent(turns / all),
  ]);
}

const sourceNames: Record<TurnSource, string> = {
  chat: 'Chat Completions',
  responses: 'Responses',
  messages: 'Messages',
  ollama: 'Ollama',
  vscode: 'VS Code chat',
};
