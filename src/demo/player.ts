import type { Step } from './plan';
import type { ContentShape, ToolCall } from './directives';

/** Where a turn is played: the client of the turn and the process around it. */
export interface Stage {
  /** Sends one event of the turn; the stage adds the turn's own ids. */
  readonly send: (method: string, params: Readonly<Record<string, unknown>>) => void;
  /** The `extra` of answers. */
  readonly extra: Readonly<Record<string, unknown>>;
  readonly sendTitle: () => void;
  /** Asks the client to run a tool and calls back with its reply. */
  readonly invokeTool: (call: ToolCall, done: () => void) => void;
  /** Sends a text that need not be a message. */
  readonly sendRaw: (text: string) => void;
  /** True while the client takes in data more slowly than the turn makes it. */
  readonly isCongested: () => boolean;
  /** True when the client has acknowledged everything. */
  readonly isAcknowledged: () => boolean;
  readonly closeClient: () => void;
  readonly exit: (code: number) => void;
}

/** How a turn ended. `chat/finish` is left to the caller, who knows whether it is still wanted. */
export interface TurnResult {
  /** `cut`: by the script itself, with the connection or the process. */
  readonly outcome: 'finished' | 'stopped' | 'cut';
  readonly statusCode?: unknown;
  readonly reason: string;
  /** What the client was told to show, or what `fullAnswer` is to say. */
  readonly answer: string;
}

/** Steps played before other connections and inbound messages get their turn. */
const burst = 64;
const congestionPollMs = 5;
const longestCrashWaitMs = 500;

/** Waits for whatever `start` begins, or for the signal. */
function until(signal: AbortSignal, start: (done: () => void) => () => void): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    let cancel = (): void => undefined;
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done);
    cancel = start(done);
  });
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return until(signal, (done) => {
    const timer = setTimeout(done, ms);
    return () => {
      clearTimeout(timer);
    };
  });
}

function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/**
 * A crash that is to be seen after a delta must not overtake it: a process that dies with unread
 * acknowledgements resets the connection, and the reset may discard what was sent.
 */
async function crash(code: number, stage: Stage, signal: AbortSignal): Promise<void> {
  const limit = performance.now() + longestCrashWaitMs;
  while (!stage.isAcknowledged() && !signal.aborted && performance.now() < limit) {
    await sleep(1, signal);
  }
  stage.exit(code);
}

function wrapped(text: string, shape: ContentShape | undefined): Readonly<Record<string, unknown>> {
  if (shape === undefined) return { text };
  const block = { type: 'text', text };
  return { content: shape === 'array' ? [block] : block };
}

/**
 * Plays the steps of one turn (protocol §4a.2) and returns how it ended. Without pauses it runs in
 * bursts on the same tick, so that an ordinary answer costs no timer at all. The signal ends it
 * where it stands.
 */
export async function playTurn(
  steps: readonly Step[],
  stage: Stage,
  signal: AbortSignal,
): Promise<TurnResult> {
  let answer = '';
  let played = 0;
  for (const step of steps) {
    if (++played % burst === 0) await breathe();
    while (stage.isCongested() && !signal.aborted) await sleep(congestionPollMs, signal);
    if (signal.aborted) break;
    switch (step.kind) {
      case 'wait':
        await sleep(step.ms, signal);
        break;
      case 'progress':
        stage.send('chat/process_step_callback', {
          step: step.step,
          description: '',
          status: step.status,
          result: null,
          message: '',
        });
        break;
      case 'title':
        stage.sendTitle();
        break;
      case 'think':
        stage.send('chat/think', { text: step.text, step: step.phase, timestamp: Date.now() });
        break;
      case 'tool':
        await until(signal, (done) => {
          stage.invokeTool(step.call, done);
          return () => undefined;
        });
        break;
      case 'answer':
        answer = step.overwrite ? step.text : answer + step.text;
        stage.send('chat/answer', {
          ...wrapped(step.text, step.content),
          overwrite: step.overwrite,
          isFiltered: false,
          timestamp: Date.now(),
          extra: stage.extra,
        });
        break;
      case 'raw':
        stage.sendRaw(step.text);
        break;
      case 'hang':
        await until(signal, () => () => undefined);
        break;
      case 'close':
        stage.closeClient();
        return { outcome: 'cut', reason: 'connection closed by directive', answer };
      case 'exit':
        await crash(step.code, stage, signal);
        return { outcome: 'cut', reason: 'exit by directive', answer };
      case 'finish':
        return {
          outcome: 'finished',
          statusCode: step.statusCode,
          reason: step.reason,
          answer: step.fullAnswer ?? answer,
        };
    }
  }
  return { outcome: 'stopped', statusCode: 200, reason: 'cancelled', answer };
}
