/** What a turn has to know of its tools, computed once for each set: clients send it every time. */
import { isDeeperThan, MAX_CALL_DEPTH } from '../base/depth';
import { isSameJson, parseJson, writeJson } from '../base/exactJson';
import type {
  Patience,
  SchemaCheck,
  SchemaCompiler,
  SchemaFault,
  SchemaField,
} from '../conversation/jsonSchema';
import type { Tool } from '../conversation/messages';
import type { TokenCounter } from '../conversation/tokens';
import type { CallableTools, WrittenCall } from '../conversation/toolCalls/call';
import { toolFingerprint } from '../session/key';

export interface ToolSet {
  /** The very list that the set was first seen as: what is computed of it can be remembered by it. */
  readonly tools: readonly Tool[];
  /** Part of a session's scope: the same for two spellings of one set. */
  readonly fingerprint: string;
  /** What the set comes to in tokens. */
  readonly tokens: () => number;
  /** The schemas by the names of their tools. */
  readonly callable: CallableTools;
  /**
   * What is wrong with the arguments of a call; undefined when they fit its tool's schema. Rejects
   * as a {@link SchemaCheck} does.
   */
  readonly faultIn: (
    call: WrittenCall,
    compile: SchemaCompiler,
    patience: Patience,
  ) => Promise<SchemaFault>;
}

const NO_TOOLS: ToolSet = {
  tools: [],
  fingerprint: toolFingerprint(undefined),
  tokens: () => 0,
  callable: new Map(),
  faultIn: () => Promise.resolve(undefined),
};
/** A client has a handful of sets, one for each kind of agent it runs. */
const REMEMBERED = 64;
/** Larger sets, in characters of JSON, are looked at anew each time: nobody may fill the memory. */
const REMEMBERED_LENGTH = 256 * 1024;

export class ToolSets {
  readonly #counter: TokenCounter;
  /** The newest first. */
  #known: readonly ToolSet[] = [];

  constructor(counter: TokenCounter) {
    this.#counter = counter;
  }

  of(tools: readonly Tool[]): ToolSet {
    if (tools.length === 0) return NO_TOOLS;
    // To compare it with all that are known costs a tenth of a digest: most differ in the first name.
    const known = this.#known.find((set) => isSameJson(set.tools, tools));
    if (known) return known;
    const json = writeJson(tools);
    const callable = new Map(tools.map(({ name, parameters }) => [name, parameters]));
    const set: ToolSet = {
      tools,
      fingerprint: toolFingerprint({ tools }),
      tokens: tokensOf(tools, this.#counter),
      callable,
      faultIn: argumentChecker(callable),
    };
    if (json.length <= REMEMBERED_LENGTH) {
      this.#known = [set, ...this.#known.slice(0, REMEMBERED - 1)];
    }
    return set;
  }
}

/** Counts when somebody asks, and once more if that was only an estimate. */
function tokensOf(tools: readonly Tool[], counter: TokenCounter): ToolSet['tokens'] {
  let counted: { readonly tokens: number; readonly loaded: boolean } | undefined;
  return () => {
    const { loaded } = counter;
    if (counted?.loaded !== loaded) counted = { tokens: counter.text(writeJson(tools)), loaded };
    return counted.tokens;
  };
}

/** Compiles the schema of a tool when it is first called. */
function argumentChecker(tools: CallableTools): ToolSet['faultIn'] {
  const checks = new Map<string, SchemaCheck>();
  return async ({ name, argumentsJson }, compile, patience) => {
    const given = parseJson(argumentsJson);
    if (isDeeperThan(MAX_CALL_DEPTH, given)) {
      return `its parameters nest more than ${MAX_CALL_DEPTH} levels of JSON`;
    }
    let check = checks.get(name);
    if (!check) {
      check = compile(tools.get(name), fieldOf(name));
      checks.set(name, check);
    }
    const fault = await check(given, patience);
    return fault && `its parameters do not fit their schema.\n${fault}`;
  };
}

function fieldOf(name: string): SchemaField {
  return { param: 'tools', title: `The JSON schema of the tool ${name}` };
}
