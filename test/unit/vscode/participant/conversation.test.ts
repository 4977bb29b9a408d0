import assert from 'node:assert/strict';
import { imagePart } from '../../../../src/conversation/images';
import {
  type Exchange,
  exchangeMetadata,
  exchangesOf,
  type HistoryTurn,
  readExchange,
  toMessages,
} from '../../../../src/vscode/participant/conversation';
import { resultMetadata } from '../../../../src/vscode/participant/followups';
import { PictureShelf } from '../../../../src/vscode/participant/pictureShelf';

const exchange = (user: string, answer: string, pictures: string[] = []): Exchange => ({
  user,
  pictures,
  answer,
});

/** A request and its response, as VS Code gives them back. */
function turns(
  prompt: string,
  metadata?: Readonly<Record<string, unknown>>,
  more: { readonly command?: string; readonly shown?: readonly string[] } = {},
): HistoryTurn[] {
  const { command, shown = [] } = more;
  const response = shown.map((value) => ({ value: { value } }));
  return [
    { prompt, command },
    { response, result: { metadata }, command },
  ];
}

const png = 'data:image/png;base64,iVBORw0KGgoAAQID';

describe('the conversation of a chat thread', () => {
  it('is what was sent and said, whatever is shown', () => {
    const kept = exchange('Attached:\n\nFile a\n\nhello', '**hi**');
    const metadata = JSON.parse(JSON.stringify(exchangeMetadata(kept))) as Record<string, unknown>;
    assert.deepEqual(exchangesOf(turns('hello', metadata, { shown: ['*', '*hi**'] })), [kept]);
  });

  it('begins anew with /new, with or without a question', () => {
    const before = turns('a', exchangeMetadata(exchange('a', '1')));
    const after = turns('c', exchangeMetadata(exchange('c', '3')));
    const bare = turns('', resultMetadata('new'), { command: 'new', shown: ['A new one begins.'] });
    const asking = turns('b', exchangeMetadata(exchange('b', '2')), { command: 'new' });
    assert.deepEqual(exchangesOf([...before, ...bare]), []);
    assert.deepEqual(exchangesOf([...before, ...bare, ...after]), [exchange('c', '3')]);
    assert.deepEqual(exchangesOf([...before, ...asking, ...after]), [
      exchange('b', '2'),
      exchange('c', '3'),
    ]);
  });

  it('holds nothing of the other commands, nor of what failed', () => {
    const history = [
      ...turns('', resultMetadata('status'), { command: 'status', shown: ['a table'] }),
      ...turns('kimi', resultMetadata('model'), { command: 'model', shown: ['Kimi answers'] }),
      ...turns('x', resultMetadata('failed'), { shown: ['> a warning'] }),
      ...turns('y'),
    ];
    assert.deepEqual(exchangesOf(history), []);
  });

  it('takes an answer that VS Code gave up as it is shown', () => {
    const history = turns('count', undefined, { shown: ['one ', 'two'] });
    assert.deepEqual(exchangesOf(history), [exchange('count', 'one two')]);
    const [request] = history;
    assert.ok(request);
    const odd: HistoryTurn = { response: [null, { value: 7 }, { odd: 1 }], result: {} };
    assert.deepEqual(exchangesOf([request, odd]), []);
  });

  it('is read from metadata of ours only', () => {
    for (const metadata of [
      undefined,
      {},
      { lingmaExchange: 'x' },
      { lingmaExchange: { user: 1, pictures: [], answer: '' } },
      { lingmaExchange: { user: 'a', answer: 'b' } },
    ]) {
      assert.equal(readExchange(metadata), undefined, JSON.stringify(metadata));
    }
  });

  it('becomes messages that end with the newest', () => {
    const shelf = new PictureShelf();
    const name = shelf.put(png);
    const image = imagePart(png, 'x');
    const messages = toMessages([exchange('a', '1', [name]), exchange('b', '2', ['gone'])], shelf, {
      user: 'c',
      images: [image],
    });
    assert.deepEqual(
      messages.map(({ role, parts, path }) => [
        path,
        role,
        ...parts.map((part) => (part.type === 'text' ? part.text : part.type)),
      ]),
      [
        ['messages[0]', 'user', 'image', 'a'],
        ['messages[1]', 'assistant', '1'],
        ['messages[2]', 'user', '[A picture was here that is no longer available.]', 'b'],
        ['messages[3]', 'assistant', '2'],
        ['messages[4]', 'user', 'image', 'c'],
      ],
    );
  });
});

describe('the picture shelf', () => {
  const url = (n: number) => `data:image/png;base64,${'A'.repeat(4 * n)}`;

  it('knows a picture by its bytes', () => {
    const shelf = new PictureShelf();
    const name = shelf.put(png);
    assert.equal(shelf.put(png), name);
    assert.equal(shelf.get(name), png);
    assert.equal(shelf.get('other'), undefined);
  });

  it('gives up those used longest ago, but never the newest', () => {
    const shelf = new PictureShelf(url(1).length + url(2).length);
    const [one, two] = [shelf.put(url(1)), shelf.put(url(2))];
    shelf.get(one);
    const three = shelf.put(url(3));
    assert.equal(shelf.get(two), undefined);
    assert.equal(shelf.get(three), url(3));
    const huge = shelf.put(url(100));
    assert.deepEqual(
      [shelf.get(one), shelf.get(three), shelf.get(huge)],
      [undefined, undefined, url(100)],
    );
  });
});
