/**
 * Results of tools as `@vscode/prompt-tsx` writes them down: a tree of pieces, whose leaves are
 * texts. VS Code's own tools answer with such trees, and whoever calls them hands the trees on.
 */
import { isRecord } from '../base/json';
import { imagePart, untypedImagePart } from '../conversation/images';
import type { ContentPart } from '../conversation/messages';

/** `PromptNodeType` of the library's JSON. */
const PIECE = 1;
const TEXT = 2;
const OPAQUE = 3;
/** `PieceCtorKind`: what a piece stands for. */
const CHAT_MESSAGE = 1;
const IMAGE = 3;
const DOCUMENT = 4;

/**
 * What a tree says, in order; undefined when `value` is no such tree, or holds what only some models
 * can take. Opaque nodes are left out: they are marks between a program and the model it knows.
 * Throws as `imagePart` does, naming `path`.
 */
export function promptTsxParts(value: unknown, path: string): ContentPart[] | undefined {
  const parts: ContentPart[] = [];
  let text = '';
  const breakLine = (): void => {
    if (text && !text.endsWith('\n')) text += '\n';
  };
  const endText = (): void => {
    if (text) parts.push({ type: 'text', text });
    text = '';
  };
  /** False for a node that is none of those known. */
  const walk = (node: unknown): boolean => {
    if (!isRecord(node)) return false;
    if (node['type'] === OPAQUE) return true;
    if (node['type'] === TEXT && typeof node['text'] === 'string') {
      if (node['lineBreakBefore'] === true) breakLine();
      text += node['text'];
      return true;
    }
    const { type, ctor, children, props } = node;
    if (type !== PIECE || !Array.isArray(children) || ctor === DOCUMENT) return false;
    if (ctor === IMAGE) {
      const src = isRecord(props) ? props['src'] : undefined;
      if (typeof src !== 'string') return false;
      endText();
      parts.push(/^(data|https?):/i.test(src) ? imagePart(src, path) : untypedImagePart(src, path));
      return true;
    }
    if (ctor === CHAT_MESSAGE) breakLine();
    return children.every(walk);
  };
  if (!isRecord(value) || !walk(value['node'])) return undefined;
  endText();
  return parts;
}
