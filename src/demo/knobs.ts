/** A command line or an environment the demo does not accept; shown as one line, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** One setting: how its text is read, what applies without it, and what `--help` says. */
interface Knob<T> {
  readonly placeholder: string;
  readonly help: string;
  readonly initial: T;
  readonly parse: (text: string) => T;
}

function flag(help: string, initial = false): Knob<boolean> {
  const parse = (text: string): boolean => {
    if (/^(1|true|yes)$/i.test(text)) return true;
    if (/^(0|false|no)$/i.test(text)) return false;
    throw new UsageError('expected 1, 0, true, false, yes or no');
  };
  return { placeholder: initial ? '0' : '1', help, initial, parse };
}

function integer<T extends number | undefined>(
  initial: T,
  [least, most]: readonly [number, number],
  help: string,
): Knob<number | T> {
  const parse = (text: string): number => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new UsageError(`expected a whole number from ${least} to ${most}`);
  };
  return { placeholder: 'N', help, initial, parse };
}

function choice<const C extends readonly string[]>(
  choices: C,
  initial: C[number],
  help: string,
): Knob<C[number]> {
  const parse = (text: string): C[number] => {
    const found = choices.find((candidate) => candidate === text);
    if (found !== undefined) return found;
    throw new UsageError(`expected one of ${choices.join(', ')}`);
  };
  return { placeholder: choices.join('|'), help, initial, parse };
}

function text<T extends string | undefined>(
  placeholder: string,
  initial: T,
  help: string,
): Knob<string | T> {
  return { placeholder, help, initial, parse: (value) => value };
}

function headerName(help: string): Knob<string | undefined> {
  const parse = (value: string): string => {
    // The characters of a token (RFC 9110 §5.6.2): no other name can ever arrive.
    if (/^[\w!#$%&'*+.^`|~-]+$/.test(value)) return value;
    throw new UsageError('expected the name of an HTTP header');
  };
  return { placeholder: 'NAME', help, initial: undefined, parse };
}

const anHour = 3_600_000;

/** The one table behind parsing and `--help`: protocol §8.2, plus what tests of a gateway need. */
const table = {
  record: text('FILE', undefined, 'append every inbound message and event as a JSON line (0600)'),
  askReply: choice(
    ['success', 'isSuccess', 'never', 'error', 'late', 'refused'],
    'isSuccess',
    'how chat/ask itself is answered (late: after chat/finish; refused: isSuccess false)',
  ),
  delayMs: integer(0, [0, anHour], 'wait before the first delta'),
  gapMs: integer(0, [0, anHour], 'pause between deltas'),
  prefillCps: integer(
    0,
    [0, 1_000_000_000],
    'read N characters of the arriving prompt a second before the first delta, on top of delay; ' +
      'what the session holds costs nothing, as with a warm cache; 0 reads at once',
  ),
  deltaChars: integer(12, [1, 1_000_000], 'most characters (code points) of one delta'),
  answers: text(
    'FILE',
    undefined,
    'JSON list of answers to prompts without directives, each a text or {"match", "answer"}: ' +
      'the first one left whose match the prompt holds is given, once; then the ordinary answer',
  ),
  imageUpload: choice(
    ['ok', 'early', 'refused', 'error', 'failed', 'never'],
    'ok',
    'how image/upload ends (early: the notification before the reply; refused: success false; ' +
      'failed: a notification without an address; never: no notification)',
  ),
  imageDelayMs: integer(0, [0, anHour], 'wait before the notification of image/upload'),
  imageMaxBytes: integer(
    10 * 1024 * 1024,
    [0, 1_000_000_000],
    'largest image that image/upload takes; 0 takes any',
  ),
  models: text('FILE', undefined, 'JSON file to answer config/queryModels with, as it stands'),
  sessionMax: integer(512, [0, 1_000_000], 'sessions held before "Session limit reached"'),
  signedOut: flag('start signed out; opening the login URL signs in'),
  ackTimeoutMs: integer(
    10_000,
    [0, anHour],
    'close a client that leaves a request unanswered this long; 0 waits for ever',
  ),
  lateAnswers: flag(
    'hold events back while an earlier one is unanswered, until the next question: a client that ' +
      'does not reply gets each answer one question late (until ack-timeout-ms closes it)',
  ),
  stringIds: flag('number the requests to the client with strings'),
  stopFinish: flag('send chat/finish (cancelled) after chat/stop', true),
  promptEnd: choice(
    ['finish-first', 'reply-first', 'reply-only', 'finish-only', 'reply-early', 'error'],
    'finish-first',
    'how session/prompt ends: chat_finish and reply in this order, one of them alone, the reply ' +
      'before the answer, or an error reply',
  ),
  promptFullAnswer: flag('put fullAnswer into chat_finish', true),
  chunkContent: choice(['object', 'array'], 'object', 'shape of the content of session/update'),
  updateMeta: flag('put the request id into session/update', true),
  strayStdout: flag('as an agent: print a line that is no message before each message'),
  disable: text('METHOD,…', '', 'methods to answer with -32601'),
  split: integer(0, [0, 1_000_000], 'cut what is sent into binary messages of N bytes; 0 does not'),
  coalesce: flag('send the frames of one turn of the event loop as one message'),
  binary: flag('send binary instead of text messages'),
  headerCase: choice(['canonical', 'lower', 'upper'], 'canonical', 'case of the header name'),
  path: text('PATH', '/', 'the only WebSocket path that is accepted'),
  requiredHeader: headerName(
    'refuse a WebSocket handshake with 403 that lacks this header, or has it empty',
  ),
  startDelayMs: integer(0, [0, anHour], 'wait before listening'),
  hang: choice(
    ['never', 'upgrade', 'initialize'],
    'never',
    'fall silent for good (upgrade: take connections, never answer the WebSocket handshake; ' +
      'initialize: take messages, never answer one)',
  ),
  startExit: integer(undefined, [0, 255], 'exit with this code instead of listening'),
  stderrFlood: integer(0, [0, 1_000_000_000], 'write N bytes to stderr before listening'),
  noInfo: flag('do not write .info'),
  infoJson: flag('write .info.json as well'),
  staleInfo: choice(
    ['none', 'dead-pid', 'closed-port'],
    'none',
    'begin with .info and .info.json as a crash leaves them, before start-delay-ms (dead-pid: ' +
      'its port now is the HTTP port; closed-port: its pid now is ours); each stays unless the ' +
      'true one replaces it, see no-info and info-json',
  ),
  socket: text('PATH', undefined, 'also listen on this unix socket'),
  ignoreSigterm: flag('do not stop on SIGTERM'),
} as const;

/** The settings of one demo process, every one with a value. */
export type Knobs = {
  readonly [K in keyof typeof table]: (typeof table)[K] extends Knob<infer T> ? T : never;
};

const envPrefix = 'DEMO_LINGMA_';

function envName(key: string): string {
  return envPrefix + key.replace(/[A-Z]/g, '_$&').toUpperCase();
}

function flagName(key: string): string {
  return key.replace(/[A-Z]/g, '-$&').toLowerCase();
}

function parseNamed(name: string, value: string, knob: Knob<unknown>): unknown {
  try {
    return knob.parse(value);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${name}=${value}: ${error.message}`);
    throw error;
  }
}

/**
 * Reads every knob: a flag (name without dashes) wins over its environment variable, and an empty
 * variable counts as absent. Unknown names with the demo's prefix are refused, so that a typing
 * mistake in a test cannot pass for the default behaviour.
 */
export function readKnobs(
  flags: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string | undefined>>,
): Knobs {
  const keys = Object.keys(table);
  for (const name of flags.keys()) {
    if (!keys.some((key) => flagName(key) === name)) throw new UsageError(`unknown flag --${name}`);
  }
  for (const name of Object.keys(env)) {
    if (name.startsWith(envPrefix) && !keys.some((key) => envName(key) === name)) {
      throw new UsageError(`unknown environment variable ${name}`);
    }
  }
  const values = Object.entries<Knob<unknown>>(table).map(([key, knob]) => {
    const given = flags.get(flagName(key));
    if (given !== undefined) return [key, parseNamed(`--${flagName(key)}`, given, knob)];
    const inherited = env[envName(key)] ?? '';
    return [key, inherited === '' ? knob.initial : parseNamed(envName(key), inherited, knob)];
  });
  // The entries come from the table itself, which is what the type is derived from.
  return Object.fromEntries(values) as Knobs;
}

/** The part of `--help` that lists every knob with both of its names. */
export function describeKnobs(): string {
  return Object.entries<Knob<unknown>>(table)
    .map(([key, knob]) => {
      const initial = knob.initial === '' ? undefined : knob.initial;
      const shown = initial === undefined ? '' : ` [${JSON.stringify(initial)}]`;
      return `  --${flagName(key)}=${knob.placeholder}  (${envName(key)})\n      ${knob.help}${shown}`;
    })
    .join('\n');
}
