/**
 * The original gateway's conversation key, byte for byte: what is hashed here must stay as it is,
 * because operators compare keys across gateways (`test/fixtures/session-keys.json` holds pairs
 * computed by the original). Alone it cannot tell one conversation from another that opens alike,
 * which is why the cache finds sessions by the chain of `chain.ts` and uses this key as its scope.
 */
import { createHash } from 'node:crypto';
import { spellingOf } from '../base/exactJson';
import { isRecord } from '../base/json';

/** A message as the Chat Completions wire has it; only these fields are part of a key. */
export interface KeyMessage {
  readonly role?: string | undefined;
  readonly content?: unknown;
  readonly tool_calls?: unknown;
  readonly tool_call_id?: string | null | undefined;
}

export interface BuildKeyOptions {
  /** Tools and their choice as sent by the client; anything but an object counts as none. */
  readonly toolConfig?: unknown;
  /** Further identity, appended as the key's last field; empty or absent = no such field. */
  readonly branchContext?: string | null | undefined;
}

const FIELD = '\x1f';
const RECORD = '\x1e';
const NO_MESSAGES = createHash('sha1').digest('hex');

/** SHA-1 (40 hex digits) over the system, user and developer messages, in order. */
export function hashUserContext(messages: readonly KeyMessage[]): string {
  const hash = createHash('sha1');
  for (const { role, content } of messages) {
    if (role !== 'system' && role !== 'user' && role !== 'developer') continue;
    hash.update(`${role}${FIELD}${flattenContent(content)}${RECORD}`);
  }
  return hash.digest('hex');
}

/** SHA-1 (40 hex digits) over the assistant and tool messages, their calls and call ids. */
export function hashBranchContext(messages: readonly KeyMessage[]): string {
  const hash = createHash('sha1');
  for (const { role, content, tool_calls: calls, tool_call_id: callId } of messages) {
    if (role !== 'assistant' && role !== 'tool') continue;
    const callsText = calls === undefined || calls === null ? '' : canonicalJson(calls);
    hash.update(
      [role, flattenContent(content), callsText, callId ?? ''].join(FIELD).concat(RECORD),
    );
  }
  return hash.digest('hex');
}

/** First 16 hex digits of the SHA-1 over the tool configuration's canonical JSON; `-` for none. */
export function toolFingerprint(toolConfig: unknown): string {
  if (!isRecord(toolConfig)) return '-';
  return sha1(canonicalJson(toolConfig)).slice(0, 16);
}

/** `scope:inputs:tools[:branch]`, where the scope is a hash of the caller's API key. */
export function buildKey(
  apiKey: string,
  messages: readonly KeyMessage[],
  options: BuildKeyOptions = {},
): string {
  const { toolConfig, branchContext } = options;
  return joinKey(apiKey, hashUserContext(messages), toolFingerprint(toolConfig), branchContext);
}

/** What sessions of one caller, tool set and model have in common: a key over no messages. */
export function scopeKey(apiKey: string, toolFingerprint: string, model: string): string {
  return joinKey(apiKey, NO_MESSAGES, toolFingerprint, model);
}

function joinKey(
  apiKey: string,
  inputs: string,
  tools: string,
  branchContext: string | null | undefined,
): string {
  const base = `${sha1(apiKey || '-').slice(0, 12)}:${inputs}:${tools}`;
  return branchContext ? `${base}:${branchContext}` : base;
}

/** List content as one text: text as it is, pictures and sound as placeholders, joined by `\n`. */
function flattenContent(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map(flattenPart).filter(Boolean).join('\n');
}

function flattenPart(part: unknown): string {
  if (typeof part === 'string') return part;
  if (!isRecord(part)) return '';
  switch (part['type']) {
    case 'image':
    case 'image_url':
    case 'input_image':
      return '[image]';
    case 'audio':
    case 'input_audio':
      return '[audio]';
    default:
      return typeof part['text'] === 'string' ? part['text'] : '';
  }
}

/**
 * JSON with keys sorted by code point and no white space, as the original's serialiser wrote it:
 * numbers that a double cannot keep have all their digits.
 */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) {
    const elements = value.map(
      (element, index) => spellingOf(value, index) ?? canonicalJson(element),
    );
    return `[${elements.join(',')}]`;
  }
  if (!isRecord(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort(byCodePoint)
    .map((key) => {
      const written = spellingOf(value, key) ?? canonicalJson(value[key]);
      return `${JSON.stringify(key)}:${written}`;
    });
  return `{${members.join(',')}}`;
}

/** JavaScript sorts by UTF-16 unit, which puts characters beyond the BMP before U+E000 … U+FFFF. */
function byCodePoint(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
