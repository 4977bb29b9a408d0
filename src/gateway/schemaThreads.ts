/**
 * Threads that judge by schemas which may take long. None runs before the first such schema; one
 * that takes too long is ended in mid-thought, and the next job gets another.
 */
import { Worker } from 'node:worker_threads';
import { cancelled, GatewayError, stopping } from '../base/errors';
import {
  type ApartVerdict,
  type Patience,
  SCHEMA_THREAD,
  type SchemaJob,
  type ThreadMessage,
} from '../conversation/jsonSchema';

/** Turns that do not wait for one whose schema takes long. */
const MOST_THREADS = 4;
/** Milliseconds after which a thread without a job is ended. */
const IDLE_MS = 30_000;
/** Memory of a thread; a pattern can ask for any amount of it. */
const RESOURCES = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };

interface Job {
  readonly job: SchemaJob;
  readonly patience: Patience;
  readonly settle: (outcome: ApartVerdict | Error) => void;
}

interface Thread {
  readonly worker: Worker;
  ready: boolean;
  current: Job | undefined;
  /** Of its job, or of its rest. */
  timer: NodeJS.Timeout | undefined;
  startedAtMs: number;
}

export class SchemaThreads {
  readonly #file: string;
  readonly #threads = new Set<Thread>();
  #waiting: Job[] = [];
  #closed = false;

  /** @param file The bundle of `src/conversation/jsonSchemaValidator.ts`. */
  constructor(file: string) {
    this.#file = file;
  }

  /** Threads that run, busy or not. */
  get size(): number {
    return this.#threads.size;
  }

  /**
   * Judges in a thread. `exhausted` when the patience's milliseconds, the memory or the stack did
   * not suffice. Rejects with the reason of its signal, with `stopping`, or with why no thread runs.
   */
  judge(job: SchemaJob, patience: Patience): Promise<ApartVerdict> {
    const { signal } = patience;
    if (this.#closed) return Promise.reject(stopping());
    if (signal.aborted) return Promise.reject(reasonOf(signal));
    if (patience.msLeft <= 0) return Promise.resolve({ type: 'exhausted' });
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#giveUp(queued, reasonOf(signal));
      };
      const queued: Job = {
        job,
        patience,
        settle: (outcome) => {
          signal.removeEventListener('abort', onAbort);
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(queued);
      this.#assign();
    });
  }

  /** Ends every thread; jobs that are not done reject with `stopping`. */
  async close(): Promise<void> {
    this.#closed = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { settle } of waiting) settle(stopping());
    await Promise.all([...this.#threads].map((thread) => this.#end(thread, stopping())));
  }

  #assign(): void {
    while (this.#waiting.length > 0) {
      const thread = [...this.#threads].find(({ current }) => !current) ?? this.#start();
      if (!thread) return;
      thread.current = this.#waiting.shift();
      if (thread.ready) this.#begin(thread);
    }
  }

  #start(): Thread | undefined {
    if (this.#threads.size >= MOST_THREADS) return undefined;
    const worker = new Worker(this.#file, {
      workerData: SCHEMA_THREAD,
      resourceLimits: RESOURCES,
      env: {},
      execArgv: [],
    });
    // It must not keep alive a process that is done.
    worker.unref();
    const thread: Thread = {
      worker,
      ready: false,
      current: undefined,
      timer: undefined,
      startedAtMs: 0,
    };
    this.#threads.add(thread);
    worker.on('message', (message: ThreadMessage) => {
      if (message.type === 'ready') {
        thread.ready = true;
        this.#begin(thread);
      } else {
        this.#finish(thread, message);
      }
    });
    worker.on('error', (error: Error & { code?: string }) => {
      const exhausted = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      void this.#end(thread, exhausted ? { type: 'exhausted' } : error);
    });
    worker.on('exit', (code) => {
      void this.#end(thread, new Error(`a thread for schemas ended with ${code}`));
    });
    return thread;
  }

  /** The clock runs from here on: neither the start of a thread nor a queue is the schema's fault. */
  #begin(thread: Thread): void {
    const { current, worker } = thread;
    if (!current) return;
    clearTimeout(thread.timer);
    thread.startedAtMs = performance.now();
    thread.timer = setTimeout(() => {
      // Timers may come a fraction of a millisecond early.
      current.patience.msLeft = 0;
      void this.#end(thread, { type: 'exhausted' });
    }, current.patience.msLeft);
    worker.postMessage(current.job);
  }

  #finish(thread: Thread, verdict: ApartVerdict): void {
    this.#settle(thread, verdict);
    thread.timer = setTimeout(() => {
      void this.#end(thread, stopping());
    }, IDLE_MS).unref();
    this.#assign();
  }

  #settle(thread: Thread, outcome: ApartVerdict | Error): void {
    clearTimeout(thread.timer);
    const { current } = thread;
    if (!current) return;
    thread.current = undefined;
    if (thread.ready) current.patience.msLeft -= performance.now() - thread.startedAtMs;
    current.settle(outcome);
  }

  #giveUp(job: Job, reason: Error): void {
    const thread = [...this.#threads].find(({ current }) => current === job);
    if (thread) void this.#end(thread, reason);
    this.#waiting = this.#waiting.filter((other) => other !== job);
    job.settle(reason);
  }

  async #end(thread: Thread, outcome: ApartVerdict | Error): Promise<void> {
    if (!this.#threads.delete(thread)) return;
    this.#settle(thread, outcome);
    this.#assign();
    await thread.worker.terminate();
  }
}

function reasonOf({ reason }: AbortSignal): GatewayError {
  return reason instanceof GatewayError ? reason : cancelled();
}
