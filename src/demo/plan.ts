import type { ContentShape, Script, ToolCall } from './directives';
import { cutDeltas, firstHalf } from './replyText';

/** One step of a turn, in the order of protocol §4a.2. */
export type Step =
  | { readonly kind: 'wait'; readonly ms: number }
  | {
      readonly kind: 'progress';
      readonly step: 'step_start' | 'step_end';
      readonly status: 'doing' | 'done' | 'error';
    }
  | { readonly kind: 'title' }
  | { readonly kind: 'think'; readonly text: string; readonly phase: 'start' | 'done' }
  | { readonly kind: 'tool'; readonly call: ToolCall }
  | {
      readonly kind: 'answer';
      readonly text: string;
      readonly overwrite: boolean;
      /** Absent for text as it is. */
      readonly content?: ContentShape;
    }
  | { readonly kind: 'raw'; readonly text: string }
  | { readonly kind: 'hang' }
  | { readonly kind: 'close' }
  | { readonly kind: 'exit'; readonly code: number }
  | {
      readonly kind: 'finish';
      /** `undefined` leaves the field out of the message. */
      readonly statusCode: unknown;
      readonly reason: string;
      /** Absent when it is what was streamed. */
      readonly fullAnswer?: string;
    };

/** What a plan is made of besides the directives. */
export interface PlanInput {
  readonly script: Script;
  /** Only called for a turn that wants the ordinary answer. */
  readonly reply: () => string;
  /** What the model thinks in an ordinary answer; absent for one that does not. */
  readonly thinking: (() => string) | undefined;
  readonly deltaChars: number;
  readonly delayMs: number;
  /** How long the model takes to read what arrived; comes on top of every other delay. */
  readonly prefillMs: number;
  readonly gapMs: number;
}

const draft = 'This draft is going to be replaced.';

interface Speech {
  readonly deltas: readonly string[];
  readonly fullAnswer?: string;
}

function speech({ script, reply, deltaChars }: PlanInput): Speech {
  const { body, overwrite, halfStreamed } = script;
  if (body.kind === 'words') {
    const word = (_: unknown, index: number): string =>
      `word${index + 1}${index + 1 < body.count ? ' ' : ''}`;
    return { deltas: Array.from({ length: body.count }, word) };
  }
  if (body.kind === 'deltas') return { deltas: body.deltas };
  if (body.kind === 'reply') {
    return { deltas: cutDeltas(overwrite === undefined ? reply() : draft, deltaChars) };
  }
  if (halfStreamed !== true) return { deltas: cutDeltas(body.text, deltaChars) };
  return { deltas: cutDeltas(firstHalf(body.text), deltaChars), fullAnswer: body.text };
}

function wait(ms: number): Step[] {
  return ms > 0 ? [{ kind: 'wait', ms }] : [];
}

/** Puts the pause between the steps, not before the first. */
function spaced(steps: readonly Step[], gapMs: number): Step[] {
  if (gapMs === 0) return [...steps];
  return steps.flatMap((step, index) => (index === 0 ? [step] : [...wait(gapMs), step]));
}

function thinkSteps(input: PlanInput): Step[] {
  const { script, thinking, deltaChars } = input;
  const text = script.think ?? (script.body.kind === 'reply' ? thinking?.() : undefined);
  return text === undefined ? [] : thoughts(text, deltaChars);
}

function thoughts(text: string, deltaChars: number): Step[] {
  const parts = cutDeltas(text, deltaChars);
  return [
    ...parts.map((part): Step => ({ kind: 'think', text: part, phase: 'start' })),
    { kind: 'think', text: '', phase: 'done' },
  ];
}

function endSteps({ script }: PlanInput, said: Speech): Step[] {
  const { ending, finishCode, finishReason = 'success' } = script;
  const fullAnswer = script.fullAnswer ?? said.fullAnswer;
  switch (ending.kind) {
    case 'status':
      return [
        { kind: 'progress', step: 'step_end', status: 'error' },
        { kind: 'finish', statusCode: ending.code, reason: ending.reason },
      ];
    case 'exit':
    case 'exit-before':
      return [{ kind: 'exit', code: ending.code }];
    case 'hang':
    case 'close':
      return [{ kind: ending.kind }];
    case 'finish':
      return [
        { kind: 'progress', step: 'step_end', status: 'done' },
        {
          kind: 'finish',
          statusCode: finishCode === undefined ? 200 : finishCode.value,
          reason: finishReason,
          ...(fullAnswer === undefined ? {} : { fullAnswer }),
        },
      ];
  }
}

function answerSteps({ content, overwrite }: Script, said: Speech): Step[] {
  const answer = (text: string, replaces: boolean): Step => ({
    kind: 'answer',
    text,
    overwrite: replaces,
    ...(content === undefined ? {} : { content }),
  });
  const answers = said.deltas.map((text) => answer(text, false));
  return overwrite === undefined ? answers : [...answers, answer(overwrite, true)];
}

/** Turns directives and settings into the steps of one turn. */
export function planTurn(input: PlanInput): Step[] {
  const { script } = input;
  const { ending } = script;
  if (ending.kind === 'exit-before' || (ending.kind === 'hang' && ending.after === 'silence')) {
    return endSteps(input, { deltas: [] });
  }
  const limit = ending.kind === 'finish' || ending.after === 'silence' ? Infinity : ending.after;
  const said = limit === 0 ? { deltas: [] } : speech(input);
  const gapMs = script.gapMs ?? input.gapMs;
  const answers = answerSteps(script, said).slice(0, limit);
  const { lateThink, raw } = script;
  if (lateThink !== undefined) {
    answers.splice(lateThink.after, 0, ...thoughts(lateThink.text, input.deltaChars));
  }
  if (raw !== undefined) answers.splice(raw.after, 0, { kind: 'raw', text: raw.text });
  return [
    { kind: 'progress', step: 'step_start', status: 'doing' },
    { kind: 'title' },
    ...wait((script.delayMs ?? input.delayMs) + input.prefillMs),
    ...(script.tool === undefined ? [] : [{ kind: 'tool', call: script.tool } as const]),
    ...spaced([...thinkSteps(input), ...answers], gapMs),
    ...endSteps(input, said),
  ];
}
