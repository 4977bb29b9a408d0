import { RpcError, isObject, rpcCodes } from './jsonRpc';

/** What the demo uses of a `chat/ask` (protocol §4a.1) after everything was checked. */
export interface Ask {
  readonly requestId: string;
  /** Empty for a new session whose id the demo chooses. */
  readonly sessionId: string;
  readonly sessionType: string;
  readonly questionText: string;
  readonly isReply: boolean;
  /** Empty for the default model. */
  readonly modelKey: string;
  /** Where the pictures of the question are kept. */
  readonly imageUrls: readonly string[];
}

type Check = (value: unknown) => string | undefined;

const isText: Check = (value) => (typeof value === 'string' ? undefined : 'must be a string');
const isBoolean: Check = (value) =>
  typeof value === 'boolean' ? undefined : 'must be true or false';
const isList: Check = (value) => (Array.isArray(value) ? undefined : 'must be an array');
const isTrue: Check = (value) => (value === true ? undefined : 'must be true');
const isNumber: Check = (value) => (typeof value === 'number' ? undefined : 'must be a number');
const isAnything: Check = () => undefined;
const isFilledText: Check = (value) =>
  typeof value === 'string' && value !== '' ? undefined : 'must be a non-empty string';

function oneOf(...choices: readonly string[]): Check {
  const known = new Set<unknown>(choices);
  return (value) => (known.has(value) ? undefined : `must be one of ${choices.join(', ')}`);
}

function orNull(check: Check): Check {
  return (value) => (value === null ? undefined : check(value));
}

function listOf(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return 'must be an array';
    return value.map(check).find((problem) => problem !== undefined);
  };
}

/** An object whose listed fields, where present, pass their checks; other fields are ignored. */
function shape(fields: Readonly<Record<string, Check>>): Check {
  return (value) => {
    if (!isObject(value)) return 'must be an object';
    for (const [name, check] of Object.entries(fields)) {
      const problem = value[name] === undefined ? undefined : check(value[name]);
      if (problem !== undefined) return `${name} ${problem}`;
    }
    return undefined;
  };
}

const tasks = [
  'FREE_INPUT',
  'free_input',
  'EXPLAIN_CODE',
  'CODE_GENERATE_COMMENT',
  'OPTIMIZE_CODE',
  'GENERATE_TESTCASE',
  'DESCRIPTION_GENERATE_CODE',
  'CODE_PROBLEM_SOLVE',
  'TERMINAL_COMMAND_GENERATION',
  'TERMINAL_EXPLAIN_FIX',
  'REPLY_TASK',
  'INLINE_CHAT',
  'INLINE_EDIT',
  'AI_DEVELOPER_TASK',
  'AI_ASSISTANT_AGENT_TASK',
  'DOCUMENT_TRANSLATE',
  'SEARCH_TITLE_ASK',
  'ERROR_INFO_ASK',
];

const required: Readonly<Record<string, Check>> = {
  requestId: isFilledText,
  sessionId: isText,
  sessionType: oneOf('chat', 'developer', 'assistant', 'inline'),
  chatTask: oneOf(...tasks),
  questionText: isText,
  stream: isTrue,
  isReply: isBoolean,
  source: isNumber,
};

const optional = shape({
  mode: orNull(oneOf('chat', 'agent', 'edit', 'normal')),
  chatContext: orNull(
    shape({
      text: isText,
      localeLang: isText,
      preferredLanguage: isText,
      imageUrls: listOf(isText),
    }),
  ),
  taskDefinitionType: oneOf('', 'system', 'custom'),
  codeLanguage: isText,
  extra: orNull(
    shape({
      context: listOf(shape({ type: isText, content: isText, language: isText })),
      modelConfig: orNull(shape({ key: isText })),
    }),
  ),
  targetAgent: isText,
  pluginPayloadConfig: shape({
    isEnableAutoMemory: isBoolean,
    isEnableProjectRule: isBoolean,
    isEnableAskAgent: isBoolean,
  }),
  shellType: isText,
  customModel: orNull(
    shape({
      provider: isText,
      model: isText,
      isVl: isBoolean,
      isReasoning: isBoolean,
      maxInputTokens: isNumber,
    }),
  ),
  tools: isList,
  tool_choice: isAnything,
  preferredLanguage: isText,
  closeTypewriter: isBoolean,
});

function modelKey(params: Readonly<Record<string, unknown>>): string {
  const extra = params['extra'];
  const config = isObject(extra) ? extra['modelConfig'] : undefined;
  const key = isObject(config) ? config['key'] : undefined;
  return typeof key === 'string' ? key : '';
}

function imageUrls(params: Readonly<Record<string, unknown>>): string[] {
  const context = params['chatContext'];
  const urls = isObject(context) ? context['imageUrls'] : undefined;
  return Array.isArray(urls) ? urls.map(String) : [];
}

/**
 * Checks the parameters of `chat/ask` against protocol §4a.1, stricter than the real process so
 * that a wrong payload shows here first. Throws an {@link RpcError} that names the field.
 */
export function readAsk(params: unknown): Ask {
  const refuse = (problem: string): never => {
    throw new RpcError(rpcCodes.badParams, `chat/ask: ${problem}`);
  };
  if (!isObject(params)) return refuse('params must be an object');
  for (const [name, check] of Object.entries(required)) {
    const problem = check(params[name]);
    if (problem !== undefined) refuse(`${name} ${problem}`);
  }
  const problem = optional(params);
  if (problem !== undefined) refuse(problem);
  return {
    requestId: String(params['requestId']),
    sessionId: String(params['sessionId']),
    sessionType: String(params['sessionType']),
    questionText: String(params['questionText']),
    isReply: params['isReply'] === true,
    modelKey: modelKey(params),
    imageUrls: imageUrls(params),
  };
}
