/** Takes out of a text what a person would not want to send to others. */
import { spellings } from '../../observe/redact';

/** The path with `~` for the home folder. */
export function shortPath(path: string, home: string): string {
  if (path === home) return '~';
  const inside = path.startsWith(home) && /^[/\\]/.test(path.slice(home.length));
  return home !== '' && inside ? `~${path.slice(home.length)}` : path;
}

export interface Private {
  readonly home: string;
  /** Texts to take out wherever they are; empty ones are skipped. */
  readonly secrets: readonly string[];
}

const HIDDEN = '[hidden]';

/** What the log names a request by (`RequestContext.id`, `Gateway.chat`); it opens nothing. */
const REQUEST_ID = /^(?:req|chat)_[0-9a-f]{32}$/;

/** The home folder as texts have it: in JSON its backslashes are double, and Windows ignores case. */
function homePattern(home: string): RegExp {
  const parts = home.split('\\').map((part) => part.replace(/[.*+?^${}()|[\]/]/g, String.raw`\$&`));
  return new RegExp(parts.join(String.raw`(?:\\{1,2}|/)`), parts.length > 1 ? 'gi' : 'g');
}

/**
 * The text without the secrets, without what looks like one (bearer keys, long runs of letters and
 * digits, names and passwords in addresses), and with `~` for the home folder. Ids of requests stay:
 * by them, lines of a log belong together.
 */
export function redact(text: string, { home, secrets }: Private): string {
  let result = text;
  for (const secret of spellings(secrets)) result = result.replaceAll(secret, HIDDEN);
  // The home folder alone would be the whole file system.
  if (home.length > 1) result = result.replace(homePattern(home), '~');
  return result
    .replace(/\b(bearer|basic)\s+[^\s"'[]+/gi, `$1 ${HIDDEN}`)
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi, `$1${HIDDEN}@`)
    .replace(/\b(sk|pk|ghp|xox[a-z])[-_][\w-]{8,}/g, HIDDEN)
    .replace(/(?<![\w/\\.-])[\w+=-]{32,}(?![\w/\\.-])/g, (run) =>
      REQUEST_ID.test(run) ? run : HIDDEN,
    );
}
