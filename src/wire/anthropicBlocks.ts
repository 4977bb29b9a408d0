/** Content blocks of the Messages dialect: what they look like, and what they say. */
import * as v from 'valibot';
import { isRecord } from '../base/json';
import { imagePart, remoteImage } from '../conversation/images';
import type { ContentPart } from '../conversation/messages';
import { isTextual, payload, stringOrList } from './validation';

export const textBlock = v.looseObject({ type: v.literal('text'), text: v.string() });

const imageBlock = v.looseObject({
  type: v.literal('image'),
  source: v.variant('type', [
    v.looseObject({ type: v.literal('base64'), media_type: v.string(), data: v.string() }),
    v.looseObject({ type: v.literal('url'), url: v.string() }),
    v.looseObject({ type: v.literal('file') }),
  ]),
});

/** Only documents of plain text can travel; the others are refused by the type of their source. */
const documentBlock = v.looseObject({
  type: v.literal('document'),
  source: v.looseObject({ type: v.literal('text'), data: v.string() }),
  title: v.nullish(v.string()),
  context: v.nullish(v.string()),
});

const searchResultBlock = v.looseObject({
  type: v.literal('search_result'),
  source: v.string(),
  title: v.string(),
  content: v.array(textBlock),
});

/** What a tool search of the client's found; every tool is offered from the start anyway. */
const toolReferenceBlock = v.looseObject({
  type: v.literal('tool_reference'),
  tool_name: v.string(),
});

const toolResultBlock = v.looseObject({
  type: v.literal('tool_result'),
  tool_use_id: v.string(),
  content: v.nullish(
    stringOrList(
      v.variant('type', [
        textBlock,
        imageBlock,
        documentBlock,
        searchResultBlock,
        toolReferenceBlock,
      ]),
    ),
  ),
  is_error: v.nullish(v.boolean()),
});

const toolUseBlock = v.looseObject({
  type: v.literal('tool_use'),
  id: v.string(),
  name: v.pipe(v.string(), v.nonEmpty()),
  input: payload,
});

export const userBlock = v.variant('type', [
  textBlock,
  imageBlock,
  documentBlock,
  searchResultBlock,
  toolResultBlock,
]);

export const assistantBlock = v.variant('type', [
  textBlock,
  toolUseBlock,
  v.looseObject({ type: v.literal('thinking') }),
  v.looseObject({ type: v.literal('redacted_thinking') }),
]);

/** Blocks that `userBlock` takes and that need no closer look. */
export function isPlainUserBlock(block: Record<string, unknown>): boolean {
  const { type, text, tool_use_id: id, content, is_error: failed } = block;
  if (type === 'text') return typeof text === 'string';
  return (
    type === 'tool_result' &&
    typeof id === 'string' &&
    (failed === undefined || typeof failed === 'boolean') &&
    (content === undefined || isTextual(content, 'text'))
  );
}

/** Blocks that `assistantBlock` takes and that need no closer look. */
export function isPlainAssistantBlock(block: Record<string, unknown>): boolean {
  const { type, text, id, name, input } = block;
  if (type === 'text') return typeof text === 'string';
  if (type === 'thinking' || type === 'redacted_thinking') return true;
  return (
    type === 'tool_use' &&
    typeof id === 'string' &&
    typeof name === 'string' &&
    name !== '' &&
    isRecord(input)
  );
}

export type UserBlock = v.InferOutput<typeof userBlock>;
export type AssistantBlock = v.InferOutput<typeof assistantBlock>;
type ToolResultBlock = v.InferOutput<typeof toolResultBlock>;
export type ContentBlock =
  Exclude<UserBlock, ToolResultBlock> | v.InferOutput<typeof toolReferenceBlock>;

/** What a content says, part by part; a string is its one text. `path` is where it stands. */
export function contentParts(
  content: string | readonly ContentBlock[] | null | undefined,
  path: string,
): ContentPart[] {
  if (content === null || content === undefined) return [];
  if (typeof content === 'string') return [text(content)];
  return content.flatMap((block, index) => blockParts(block, `${path}[${index}]`));
}

/** What one block at `path` says. */
export function blockParts(block: ContentBlock, path: string): ContentPart[] {
  switch (block.type) {
    case 'text':
      return [text(block.text)];
    case 'image': {
      const { source } = block;
      if (source.type === 'file') throw remoteImage(`${path}.source.type`);
      if (source.type === 'url') return [imagePart(source.url, `${path}.source.url`)];
      return [imagePart(`data:${source.media_type};base64,${source.data}`, `${path}.source`)];
    }
    case 'document':
      return [block.title, block.context, block.source.data].flatMap((said) =>
        said ? [text(said)] : [],
      );
    case 'search_result':
      return [text(block.title), text(block.source), ...contentParts(block.content, path)];
    case 'tool_reference':
      return [text(`The tool ${block.tool_name} is available.`)];
  }
}

function text(value: string): ContentPart {
  return { type: 'text', text: value };
}
