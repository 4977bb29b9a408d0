import assert from 'node:assert/strict';
import { promptTsxParts } from '../../../src/vscode/promptTsx';

/** Nodes as `@vscode/prompt-tsx` writes them. */
const text = (value: string, lineBreakBefore?: boolean) => ({
  type: 2,
  text: value,
  priority: undefined,
  references: undefined,
  lineBreakBefore,
});
const piece = (...children: object[]) => ({ type: 1, ctor: 2, children, props: {} });
const message = (...children: object[]) => ({ type: 1, ctor: 1, children, props: {} });
const image = (src: unknown) => ({ type: 1, ctor: 3, children: [], props: { src } });
const said = (node: unknown) => promptTsxParts({ node }, 'p');

const png = 'iVBORw0KGgoAAQID';

describe('trees of prompt-tsx', () => {
  it('say their texts in order, each on a line of its own where it asks for one', () => {
    const tree = piece(text('a', true), text('b'), piece(text('c', true)), message(text('d')));
    assert.deepEqual(said(tree), [{ type: 'text', text: 'ab\nc\nd' }]);
  });

  it('show their pictures in between', () => {
    const url = `data:image/png;base64,${png}`;
    for (const src of [url, png]) {
      assert.deepEqual(said(piece(text('a'), image(src), text('b'))), [
        { type: 'text', text: 'a' },
        { type: 'image', url },
        { type: 'text', text: 'b' },
      ]);
    }
  });

  it('keep marks for other models to themselves, and may say nothing', () => {
    assert.deepEqual(said(piece({ type: 3, value: { cacheType: 'ephemeral' } })), []);
  });

  it('are none when a node is not known', () => {
    for (const node of [
      undefined,
      {},
      piece({ type: 9 }),
      piece(image(7)),
      { type: 1, ctor: 4, children: [], props: { data: '', mediaType: 'application/pdf' } },
      { type: 2, text: 7 },
    ]) {
      assert.equal(said(node), undefined, JSON.stringify(node));
    }
    assert.equal(promptTsxParts('x', 'p'), undefined);
  });
});
