/**
 * What an answer must keep to beyond being one: calls that fit their tools' schemas and the
 * client's choice, a text in the form that was asked for. An answer that does not is sent back to
 * the model once, on the same session; the client sees only what came out of that, or an error.
 *
 * A session that was asked to repair holds an exchange its client never sees, so it is never
 * continued (session-reuse §3, rule 1).
 */
import { GatewayError } from '../base/errors';
import { writeJson } from '../base/exactJson';
import { jsonCheck, type JsonVerdict } from '../conversation/jsonAnswer';
import {
  fullPatience,
  type JudgeApart,
  loadSchemaCompiler,
  type SchemaFault,
} from '../conversation/jsonSchema';
import type { ToolChoice, TurnRequest } from '../conversation/messages';
import type { CallableTools, WrittenCall } from '../conversation/toolCalls/call';
import { type Piece, splitAnswer } from '../conversation/toolCalls/splitter';
import type { ToolSet } from './toolSets';

export interface AnswerRules {
  /** The tools whose calls are looked for; none when the turn forbids calls. */
  readonly tools: CallableTools;
  readonly choice: ToolChoice;
  /** Whether one answer may hold several calls. */
  readonly parallel: boolean;
  /** What is wrong with the arguments of a call; undefined when they fit. */
  readonly faultIn: (call: WrittenCall) => Promise<SchemaFault>;
  /** Checks the text of an answer without calls; undefined when any text will do. */
  readonly format?: ((text: string) => Promise<JsonVerdict>) | undefined;
}

/** What judging the answer to a request takes beside the request. */
export interface Judging {
  /** Judges by the schemas that may take long. */
  readonly apart: JudgeApart;
  /** Ends with the turn; its reason is what judging then rejects with. */
  readonly signal: AbortSignal;
}

/**
 * The rules that a request sets; loads the schema library when there is something to check. Throws
 * `invalid_request` for a schema that cannot be used. The checks give one verdict on one text,
 * however often they are asked, and reject with `schema_too_costly` when they cannot give any.
 */
export async function answerRules(
  request: TurnRequest,
  toolSet: ToolSet,
  { apart, signal }: Judging,
): Promise<AnswerRules> {
  const { toolChoice: choice, parallelToolCalls: parallel = true } = request;
  const patience = fullPatience(signal);
  const check = request.format && jsonCheck(request.format, await loadSchemaCompiler(apart));
  const format = check && remembered(whole, (text: string) => check(text, patience));
  const tools: CallableTools = choice.mode === 'none' ? new Map() : toolSet.callable;
  if (tools.size === 0) {
    return { tools, choice: { mode: 'none' }, parallel, faultIn: noFault, format };
  }
  const compile = await loadSchemaCompiler(apart);
  const faultIn = remembered(callId, (call: WrittenCall) =>
    toolSet.faultIn(call, compile, patience),
  );
  return { tools, choice, parallel, faultIn, format };
}

function noFault(): Promise<SchemaFault> {
  return Promise.resolve(undefined);
}

function whole(text: string): string {
  return text;
}

function callId({ name, argumentsJson }: WrittenCall): string {
  return `${name} ${argumentsJson}`;
}

/** An answer is judged as it is streamed and as it is confirmed, which are mostly the same. */
function remembered<T, V>(
  idOf: (given: T) => string,
  check: (given: T) => Promise<V>,
): (given: T) => Promise<V> {
  const known = new Map<string, Promise<V>>();
  return (given) => {
    const id = idOf(given);
    const verdict = known.get(id) ?? check(given);
    known.set(id, verdict);
    return verdict;
  };
}

/** A call that cannot be given out. */
interface FaultyCall {
  readonly type: 'faulty';
  readonly call: WrittenCall;
  /** Its place among the calls of its answer, from 1. */
  readonly number: number;
  readonly fault: string;
}

type Held = Piece | FaultyCall;

/** What the model is asked for, and what would do. */
type Repair =
  | { readonly kind: 'faulty'; readonly calls: readonly FaultyCall[] }
  | { readonly kind: 'severalCalls' }
  | { readonly kind: 'noCall' }
  | { readonly kind: 'format'; readonly fault: string };

/** What is known of a whole answer. */
export interface Judgement {
  /** What to ask the model, on the same session; undefined when the answer may go out. */
  readonly repair: string | undefined;
  /** Whether the client is given another text than the session holds. */
  readonly altered: boolean;
}

/** Judges a completed answer, as a gate would that had let it pass; rejects as its checks do. */
export async function judge(text: string, rules: AnswerRules): Promise<Judgement> {
  const gate = new AnswerGate(rules);
  for (const piece of splitAnswer(text, rules.tools)) await gate.add(piece);
  await gate.end();
  return { repair: gate.repair, altered: gate.altered };
}

/**
 * Lets the pieces of an answer pass for as long as they keep to the rules. From the first that does
 * not, everything is held back, so that the client gets it in order once it has been repaired. Takes
 * one piece at a time, and rejects as the checks of the rules do.
 */
export class AnswerGate {
  readonly #rules: AnswerRules;
  /** Undefined while everything passes. */
  #held: Held[] | undefined;
  #calls = 0;
  #repair: Repair | undefined;
  #altered = false;

  constructor(rules: AnswerRules) {
    this.#rules = rules;
    // A form can only be told from the whole.
    if (rules.format) this.#held = [];
  }

  /** What to ask the model; known once the answer has ended. */
  get repair(): string | undefined {
    return this.#repair && requestFor(this.#repair, this.#rules);
  }

  /** Whether what was given out differs from what the model wrote; known once it has ended. */
  get altered(): boolean {
    return this.#altered;
  }

  /** Returns what may be given out now. */
  async add(piece: Piece): Promise<Piece[]> {
    if (piece.type === 'text') return this.#pass(piece);
    const number = ++this.#calls;
    // Whether a call is the only one is known at the end.
    if (!this.#rules.parallel) this.#held ??= [];
    const fault = await faultOf(piece, this.#rules);
    return this.#pass(fault === undefined ? piece : { type: 'faulty', call: piece, number, fault });
  }

  /** The answer is whole: returns what was held back, nothing when it needs a repair first. */
  async end(): Promise<Piece[]> {
    this.#repair = await this.#whatIsWrong();
    if (this.#repair) return [];
    const pieces = this.#takeHeld().filter((held) => held.type !== 'faulty');
    const { format } = this.#rules;
    if (!format || this.#calls > 0) return pieces;
    const said = textOf(pieces);
    const verdict = await format(said);
    const text = verdict.ok ? verdict.text : said;
    this.#altered = text !== said;
    return [{ type: 'text', text }];
  }

  /**
   * What was held back, with the model's second answer in the place of what was wrong with the
   * first. What it says beside the calls it was asked for is meant for us and not given out. Throws
   * `upstream_invalid_tool_call` or `upstream_invalid_output` when it is no better.
   */
  async mend(answer: string): Promise<Piece[]> {
    const repair = this.#repair;
    if (!repair) return [];
    const held = this.#takeHeld();
    if (repair.kind === 'format') return [await this.#mendedText(answer)];
    const calls = callsOf(splitAnswer(answer, this.#rules.tools));
    const fault = await this.#stillWrong(repair, calls);
    if (fault !== undefined) throw invalidToolCall(fault);
    if (repair.kind === 'noCall') return [...held.filter(isPiece), ...calls];
    if (repair.kind === 'severalCalls') {
      return [...held.filter((piece) => piece.type === 'text'), ...calls];
    }
    const left = calls.values();
    return held.flatMap((piece) => (isPiece(piece) ? piece : (left.next().value ?? [])));
  }

  #pass(piece: Held): Piece[] {
    if (piece.type === 'faulty') this.#held ??= [];
    if (!this.#held) return isPiece(piece) ? [piece] : [];
    this.#held.push(piece);
    return [];
  }

  async #whatIsWrong(): Promise<Repair | undefined> {
    const { choice, parallel, format } = this.#rules;
    if (!parallel && this.#calls > 1) return { kind: 'severalCalls' };
    const calls = this.#held?.filter((held) => held.type === 'faulty') ?? [];
    if (calls.length > 0) return { kind: 'faulty', calls };
    if (this.#calls > 0) return undefined;
    if (choice.mode === 'required' || choice.mode === 'named') return { kind: 'noCall' };
    const verdict = await format?.(textOf(this.#held ?? []));
    return verdict && !verdict.ok ? { kind: 'format', fault: verdict.fault } : undefined;
  }

  #takeHeld(): Held[] {
    const held = this.#held ?? [];
    this.#held = undefined;
    return held;
  }

  async #mendedText(answer: string): Promise<Piece> {
    const verdict = await this.#rules.format?.(answer);
    if (!verdict?.ok) throw invalidOutput(verdict?.fault ?? '');
    return { type: 'text', text: verdict.text };
  }

  async #stillWrong(repair: Repair, calls: readonly WrittenCall[]): Promise<string | undefined> {
    const most = repair.kind === 'faulty' ? repair.calls.length : 1;
    if (calls.length === 0) return 'it wrote no call that could be read';
    const several = repair.kind === 'noCall' && this.#rules.parallel;
    if (!several && calls.length !== most) {
      return `it wrote ${calls.length} calls where ${most} ${most === 1 ? 'was' : 'were'} due`;
    }
    for (const call of calls) {
      const fault = await faultOf(call, this.#rules);
      if (fault !== undefined) return `its call of ${call.name}: ${fault}`;
    }
    return undefined;
  }
}

async function faultOf(call: WrittenCall, { choice, faultIn }: AnswerRules): Promise<SchemaFault> {
  if (choice.mode === 'named' && choice.name !== call.name) {
    return `the tool to call is ${choice.name}`;
  }
  return faultIn(call);
}

function requestFor(repair: Repair, { tools, choice }: AnswerRules): string {
  const wanted = choice.mode === 'named' ? choice.name : undefined;
  switch (repair.kind) {
    case 'faulty':
      return [
        'Your last message has not been delivered yet, because of these calls in it:',
        ...repair.calls.map(
          ({ number, call, fault }) =>
            `- call ${number}, of ${call.name}: ${fault}\n` +
            `  parameters: ${writeJson(tools.get(wanted ?? call.name))}`,
        ),
        repair.calls.length === 1
          ? 'Write this one call again, corrected and in the same form, and nothing else.'
          : `Write these ${repair.calls.length} calls again, corrected, in the same order and form, and nothing else.`,
      ].join('\n');
    case 'severalCalls':
      return 'Your last message has not been delivered, because it holds several calls and only one is allowed. Write only the one call that comes first, and nothing else.';
    case 'noCall':
      return `Your last message calls no tool, and one must be called now. Write ${wanted === undefined ? 'the call' : `the call of ${wanted}`}, and nothing else.`;
    case 'format':
      return `Your last message has not been delivered, because it is not in the form that was asked for: ${repair.fault}\nWrite the whole answer again in that form, and nothing else.`;
  }
}

function isPiece(held: Held): held is Piece {
  return held.type !== 'faulty';
}

function callsOf(pieces: readonly Piece[]) {
  return pieces.filter((piece) => piece.type === 'call');
}

function textOf(pieces: readonly Held[]): string {
  return pieces.map((piece) => (piece.type === 'text' ? piece.text : '')).join('');
}

/** The model was told what is wrong with its calls and did not mend it. */
export function invalidToolCall(fault: string): GatewayError {
  return new GatewayError({
    code: 'upstream_invalid_tool_call',
    status: 502,
    message: `The model did not call its tools as they must be called, not even when asked again: ${fault}. Try again, or describe the tools more plainly.`,
  });
}

/** The model was told what is wrong with the form of its answer and did not mend it. */
export function invalidOutput(fault: string): GatewayError {
  return new GatewayError({
    code: 'upstream_invalid_output',
    status: 502,
    message: `The model did not answer in the form that was asked for, not even when asked again: ${fault}. Try again, or ask for a simpler form.`,
  });
}
