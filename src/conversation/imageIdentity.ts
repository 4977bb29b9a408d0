/** What a picture is known by: its bytes, however they were written down. */
import { hash } from 'node:crypto';

/**
 * A text that two addresses share exactly when they carry the same picture. The media type beside
 * the bytes does not count, since clients guess it; an address elsewhere stands for itself, because
 * nobody has seen what lies there.
 */
export function imageIdentity(url: string): string {
  const comma = url.indexOf(',');
  if (!/^data:[^,]*;base64$/i.test(url.slice(0, Math.max(0, comma)))) return url;
  return hash('sha256', Buffer.from(url.slice(comma + 1), 'base64'), 'hex');
}
