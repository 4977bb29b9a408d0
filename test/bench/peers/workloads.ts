/** What the clients ask for. */
import { readRecording } from '../../headless/recordingsReplay';
import type { Plan } from './plan';
import type { Wire } from './peers';

export interface Workload {
  readonly name: string;
  readonly plan: Plan;
  readonly stream: boolean;
  /** The body for a wire; undefined where the workload is none of it. */
  body(wire: Wire): string | undefined;
}

const wires: readonly Wire[] = ['chat', 'messages'];
export const model = 'bench-model';
const recording = 'claude-code-1.json';
/** How recordings write a text that was taken out. */
const removedText = /\[text [0-9a-f]+ (\d+) chars\]/g;

export const plain: Workload = {
  name: 'plain',
  plan: { deltas: 1, paceMs: 0 },
  stream: false,
  body: (wire) => smallBody(wire, false),
};

export const streamed: Workload = {
  name: 'streamed, 10 deltas',
  plan: { deltas: 10, paceMs: 0 },
  stream: true,
  body: (wire) => smallBody(wire, true),
};

/** The first request of a real Claude Code, prose filled in again; as a plain one. */
export const claudeCode: Workload = {
  name: '70 KB of Claude Code, plain',
  plan: { deltas: 1, paceMs: 0 },
  stream: false,
  body: (wire) => (wire === 'messages' ? claudeCodeBody() : undefined),
};

/** Deltas as a model gives them. */
export const paced: Workload = {
  name: '64 deltas, one every 20 ms',
  plan: { deltas: 64, paceMs: 20 },
  stream: true,
  body: (wire) => smallBody(wire, true),
};

export const turnWorkloads: readonly Workload[] = [plain, streamed, claudeCode];

/** The wires a workload has a body for. */
export function wiresOf(workload: Workload): Wire[] {
  return wires.filter((wire) => workload.body(wire) !== undefined);
}

export function pathOf(wire: Wire): string {
  return wire === 'chat' ? '/v1/chat/completions' : '/v1/messages';
}

function smallBody(wire: Wire, stream: boolean): string {
  const messages = [{ role: 'user', content: 'Say hello.' }];
  return JSON.stringify({
    model,
    messages,
    stream,
    ...(wire === 'messages' ? { max_tokens: 1_000 } : {}),
  });
}

let claudeCodeText: string | undefined;

function claudeCodeBody(): string {
  claudeCodeText ??= readClaudeCodeBody();
  return claudeCodeText;
}

function readClaudeCodeBody(): string {
  const request = readRecording(recording).find(({ route }) => route === 'POST /v1/messages');
  if (!request?.body) throw new Error(`${recording} has no turn`);
  const body = { ...request.body, model, stream: false };
  return JSON.stringify(body).replaceAll(removedText, (_, length: string) =>
    proseOf(Number(length)),
  );
}

const sentence = 'Read the file before you change it, and say what you have found there. ';

function proseOf(length: number): string {
  return sentence.repeat(Math.ceil(length / sentence.length)).slice(0, length);
}
