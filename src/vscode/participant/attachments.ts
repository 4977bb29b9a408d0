/**
 * What a request brings along – files, selections, texts, pictures – as one message: what fits, in
 * words for the model, and what was left out, in words for the user.
 */
import type { ImagePart } from '../../conversation/messages';
import { toGatewayError } from '../../base/errors';
import { imageKind, imagePart, MAX_IMAGE_BYTES } from '../../conversation/images';
import type { Localize } from '../localize';

/** An attachment once it has been read. */
export type Attachment =
  | {
      readonly kind: 'text';
      /** What the model is told that it is: `File src/a.ts, lines 3 to 9`. */
      readonly title: string;
      /** What the user knows it by. */
      readonly name: string;
      readonly text: string;
      /** A language id of VS Code's, for the fence around it. */
      readonly language?: string | undefined;
    }
  | { readonly kind: 'picture'; readonly name: string; readonly bytes: Uint8Array }
  /** Nothing of it can be sent, for a reason the user may read. */
  | { readonly kind: 'unreadable'; readonly name: string; readonly why: string };

export interface AttachmentLimits {
  /** Bytes of UTF-8 of one text. */
  readonly each: number;
  /** Bytes of UTF-8 of all texts. */
  readonly all: number;
  readonly pictures: number;
}

/** The user's message as it is sent. */
export interface ComposedMessage {
  readonly user: string;
  readonly images: readonly ImagePart[];
  /** A sentence for each attachment that was not sent whole. */
  readonly leftOut: readonly string[];
}

const LIMITS: AttachmentLimits = { each: 64 * 1024, all: 256 * 1024, pictures: 8 };

/**
 * The prompt with its attachments in front of it. A prompt without any stays as it is, so that the
 * conversation is the one that another client would hold. Never throws: what cannot travel is named
 * in `leftOut`.
 */
export function composeMessage(
  prompt: string,
  attachments: readonly Attachment[],
  t: Localize,
  limits: AttachmentLimits = LIMITS,
): ComposedMessage {
  const blocks: string[] = [];
  const images: ImagePart[] = [];
  const leftOut: string[] = [];
  let room = limits.all;
  for (const attachment of attachments) {
    const { name } = attachment;
    switch (attachment.kind) {
      case 'text': {
        const whole = Buffer.byteLength(attachment.text);
        const text = startOf(attachment.text, Math.min(limits.each, room));
        const bytes = Buffer.byteLength(text);
        room -= bytes;
        if (bytes < whole) leftOut.push(cutNotice(name, bytes, whole, t));
        // An empty file is worth a word; one that found no room is not.
        if (bytes > 0 || whole === 0) blocks.push(block(attachment, text, whole));
        break;
      }
      case 'picture':
        if (images.length === limits.pictures) {
          leftOut.push(
            t('{0} was left out: at most {1} pictures are sent.', name, limits.pictures),
          );
          break;
        }
        try {
          images.push(picture(attachment.bytes, name));
        } catch (error) {
          leftOut.push(t('{0} was left out. {1}', name, toGatewayError(error).message));
        }
        break;
      case 'unreadable':
        leftOut.push(t('{0} was left out: {1}.', name, attachment.why));
        break;
    }
  }
  const user = blocks.length === 0 ? prompt : ['Attached:', ...blocks, prompt].join('\n\n');
  return { user, images, leftOut };
}

/** The first characters of a text that `maxBytes` bytes of UTF-8 hold; never half a character. */
export function startOf(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const utf8 = Buffer.from(text);
  let end = Math.max(0, maxBytes);
  // A byte 10xxxxxx continues the character before it.
  while (end > 0 && ((utf8[end] ?? 0) & 0xc0) === 0x80) end--;
  return utf8.toString('utf8', 0, end);
}

function picture(bytes: Uint8Array, name: string): ImagePart {
  const kind = bytes.byteLength > MAX_IMAGE_BYTES ? undefined : imageKind(bytes);
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return imagePart(`data:${kind ?? 'image/unknown'};base64,${data}`, name);
}

function block(
  { title, language = '' }: { readonly title: string; readonly language?: string | undefined },
  text: string,
  wholeBytes: number,
): string {
  const fence = fenceFor(text);
  const cut = Buffer.byteLength(text) < wholeBytes;
  const end = text.endsWith('\n') || text === '' ? '' : '\n';
  const note = cut ? '\n(Only its beginning; the rest was left out.)' : '';
  return `${title}:\n${fence}${language}\n${text}${end}${fence}${note}`;
}

/** Longer than any run of backticks inside, so that nothing inside can end it. */
function fenceFor(text: string): string {
  const longest = [...text.matchAll(/`+/g)].reduce((max, [run]) => Math.max(max, run.length), 2);
  return '`'.repeat(longest + 1);
}

function cutNotice(name: string, bytes: number, whole: number, t: Localize): string {
  return bytes === 0
    ? t('{0} was left out: there was no room for it.', name)
    : t('Only the first {1} of {2} KiB of {0} were sent.', name, kib(bytes), kib(whole));
}

function kib(bytes: number): number {
  return Math.ceil(bytes / 1024);
}
