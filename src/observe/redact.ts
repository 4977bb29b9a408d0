/**
 * Takes secrets out of a text by their looks: keys of known services, tokens in headers, values of
 * what is named like a password, PEM blocks. It takes rather too much than too little, and one pass
 * costs time in proportion to the text, whatever stands in it.
 */

/** What stands where a secret stood. */
export const REDACTED = '[redacted]';

/** An unfinished block counts to the end of the text: the text may have been cut. */
const PEM = /-----BEGIN [A-Z0-9 ]{1,40}-----[\s\S]*?(?:-----END [A-Z0-9 ]{1,40}-----|$)/g;

/** Where a token may begin: also behind an escaped line end or tab of a JSON string. */
const START = String.raw`(?:\b|(?<=\\[nrtbf]))`;
/** Keys and tokens that say by their own form what they are. */
const TOKENS = new RegExp(
  START +
    '(?:' +
    [
      // OpenAI, Anthropic, OpenRouter and everybody who writes keys as they do; Stripe.
      String.raw`(?:sk|pk|rk)-[\w-]{16,}`,
      String.raw`[sr]k_(?:live|test)_\w{16,}`,
      // GitHub, GitLab, npm, Hugging Face.
      'gh[pousr]_[A-Za-z0-9]{20,}',
      String.raw`github_pat_\w{20,}`,
      String.raw`glpat-[\w-]{16,}`,
      'npm_[A-Za-z0-9]{30,}',
      'hf_[A-Za-z0-9]{20,}',
      // AWS, Google, Alibaba Cloud, Slack.
      '(?:AKIA|ASIA)[A-Z0-9]{16}',
      String.raw`AIza[\w-]{30,}`,
      'LTAI[A-Za-z0-9]{12,}',
      '(?:xox[a-z]|xapp)-[A-Za-z0-9-]{10,}',
      // A JWT, or what is there of one.
      String.raw`eyJ[\w-]{12,}(?:\.[\w-]*){0,2}`,
    ].join('|') +
    // What sticks to a key may be another one, which nothing marks the beginning of.
    String.raw`)[\w-]*`,
  'g',
);

/** A credential behind the scheme that announces it. */
const BEARER = /\b(Bearer\s{1,4})[\w.~+/=-]{8,}/gi;

/** The password in `scheme://user:password@host`. */
const URL_PASSWORD = /(:\/\/[^\s:/@]{0,128}:)[^\s/@]{1,256}(?=@)/g;

const NAMES =
  '(?:password|passwd|passphrase|pwd|secret|credentials?|authorization|cookie|' +
  '(?:api|access|private|secret|encryption|account)[_-]?key|' +
  '(?:access|auth|refresh|session|bearer|api|id|client)[_-]?token)';
/** Between a name and its value: the end of a quoted name, and what assigns. */
const ASSIGNS = String.raw`[\w-]{0,32}["'\\]{0,4}\s{0,8}(?::=|=>|[:=])\s{0,8}`;
/** In quotes, up to the end of the text where they are left open; the second kind is JSON in JSON. */
const QUOTED = [
  String.raw`"(?:[^"\\]|\\[\s\S])*"?`,
  String.raw`'(?:[^'\\]|\\[\s\S])*'?`,
  String.raw`\\"(?:[^\\"]|\\\\(?:\\")?|\\[^"\\])*(?:\\")?`,
];
const BARE = String.raw`(?:(?:Bearer|Basic|Token|Digest)\s{1,4})?[^\s,;"'\\<>]+`;
const ASSIGNMENT = new RegExp(`(${NAMES}${ASSIGNS})(${[...QUOTED, BARE].join('|')})`, 'gi');

/**
 * What every secret holds that is found by its looks: something that assigns or announces a value, or
 * as many characters in a row as the shortest token has. Most names and ids that are looked at have
 * none of it.
 */
const SUSPICIOUS = /[:=@]|[\w-]{15}|bearer|-----/i;

/** Takes out secrets that are known beside those that are found by their looks. */
export class Redactor {
  /** What is taken out wherever it stands, however it looks. */
  readonly known: readonly string[];
  readonly #verbatim: RegExp | undefined;

  constructor(known: readonly string[]) {
    this.known = known.filter(Boolean);
    this.#verbatim = alternation(this.known);
  }

  /** The text without its secrets, each replaced by `REDACTED`. */
  redact(text: string): string {
    const unknown = this.#verbatim ? text.replace(this.#verbatim, REDACTED) : text;
    if (!SUSPICIOUS.test(unknown)) return unknown;
    return unknown
      .replace(PEM, REDACTED)
      .replace(TOKENS, REDACTED)
      .replace(ASSIGNMENT, (_, name: string, value: string) => name + inQuotesOf(value))
      .replace(BEARER, `$1${REDACTED}`)
      .replace(URL_PASSWORD, `$1${REDACTED}`);
  }
}

/** Keeps the quotes, so that what is left of a JSON text is still one. */
function inQuotesOf(value: string): string {
  const quote = /^(?:\\"|["'])/.exec(value)?.[0] ?? '';
  const closed = quote !== '' && value.length > quote.length && value.endsWith(quote);
  return `${quote}${REDACTED}${closed ? quote : ''}`;
}

/**
 * The secrets but for empty ones, also as they stand inside of a JSON string; the longest first, as
 * one may begin another.
 */
export function spellings(secrets: readonly string[]): string[] {
  return secrets
    .filter(Boolean)
    .flatMap((secret) => {
      const escaped = JSON.stringify(secret).slice(1, -1);
      return escaped === secret ? [secret] : [escaped, secret];
    })
    .sort((left, right) => right.length - left.length);
}

function alternation(secrets: readonly string[]): RegExp | undefined {
  const spelled = spellings(secrets);
  return spelled.length === 0 ? undefined : new RegExp(spelled.map(escapeRegExp).join('|'), 'g');
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
}
