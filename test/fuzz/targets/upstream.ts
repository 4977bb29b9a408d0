/** What a process sends: frames, messages, and the text of answers. */
import assert from 'node:assert/strict';
import { AnswerAssembly } from '../../../src/lingma/answer';
import { encodeFrame, FrameDecoder, type MessageDecoder } from '../../../src/lingma/framing';
import { replyTo } from '../../../src/lingma/inbound';
import { LineDecoder } from '../../../src/lingma/lines';
import { channels, MarkupFilter } from '../../../src/lingma/markup';
import { ChatAskBench } from '../../support/chatAsk';
import { FakeSocket } from '../../support/fakeSocket';
import { RpcConnection } from '../../../src/lingma/rpc';
import { codeOf } from '../codeOf';
import type { Target } from '../target';

/** The messages of a stream of bytes up to the first that is none, and the error it ends with. */
function decoded(decoder: MessageDecoder, chunks: readonly (string | Uint8Array)[]): unknown {
  const messages: string[] = [];
  const code = codeOf(() => {
    for (const chunk of chunks) for (const message of decoder.read(chunk)) messages.push(message);
  });
  return { messages, code };
}

const bytesOf = (pieces: readonly string[]) => pieces.map((piece) => Buffer.from(piece, 'latin1'));
/** Text as the characters that its bytes would be, one each. */
const asBytes = (text: string) => Buffer.from(text).toString('latin1');

const frames: Target = {
  name: 'frames',
  kind: 'bytes',
  seeds: [
    asBytes(encodeFrame('{"jsonrpc":"2.0","id":1,"result":{}}')),
    asBytes(encodeFrame('{"text":"你好 🙂"}') + encodeFrame('{}') + encodeFrame('[]')),
    'Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length : 2\r\n\r\n{}',
    `X: ${'x'.repeat(8 * 1024 - 24)}\r\nContent-Length: 2\r\n\r\n{}`,
    `Content-Length: ${64 * 1024 * 1024 + 1}\r\n\r\n`,
  ],
  words: [
    'Content-Length: ',
    '\r\n\r\n',
    '\r\n',
    ':',
    '0',
    '-1',
    '2',
    '{}',
    '1e3',
    'x'.repeat(4096),
  ],
  read: (pieces) => decoded(new FrameDecoder(), bytesOf(pieces)),
  judge(input, result) {
    // As one text message, which takes a shorter way.
    const utf8 = Buffer.from(input, 'latin1').toString('utf8');
    // The length of a header is limited in characters there, and in bytes here.
    if (asBytes(utf8) !== input || input.length > 8_000) return;
    assert.deepEqual(decoded(new FrameDecoder(), [utf8]), result, 'text and bytes differ');
  },
};

const lines: Target = {
  name: 'lines',
  kind: 'bytes',
  seeds: [asBytes('{"a":1}\n\n{"b":"你好"}\r\n'), 'npm notice\n{}\n'],
  words: ['\n', '\r\n', '{}', '\xe4\xbd\xa0', '\xf0\x9f', ' '],
  read: (pieces) => decoded(new LineDecoder(), bytesOf(pieces)),
};

/** One message a line, so that inputs can be changed without recounting their lengths. */
const framed = (input: string) => input.split('\n').map(encodeFrame).join('');

const messages: Target = {
  name: 'messages',
  kind: 'text',
  isWhole: true,
  seeds: [
    '{"jsonrpc":"2.0","id":1,"result":{"ok":true}}\n{"jsonrpc":"2.0","id":2,"error":{"code":-1,"message":"no"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tool/invoke","params":{"toolCallId":"c","name":"n"}}',
    '{"jsonrpc":"2.0","id":"x","method":"session/request_permission","params":{"requestId":"r"}}',
    '{"jsonrpc":"2.0","id":9007199254740993,"method":"fs/read","params":[]}\n{"method":"a/b"}',
  ],
  words: [
    ...[
      '"id":1',
      '"id":"1"',
      '"id":null',
      '"id":12345678901234567890',
      '"method":"x"',
      '"error":{}',
    ],
    ...['"result":null', '"params":{}', ',', '{', '}', '\n', '[]', 'null', '"jsonrpc":"2.0"'],
  ],
  read(pieces) {
    const socket = new FakeSocket();
    const heard: unknown[] = [];
    let closed = '';
    const rpc = new RpcConnection(socket, {
      reply: replyTo,
      onMessage: (method, params) => heard.push([method, params]),
      onClose: ({ code }) => (closed += code),
    });
    const settled = [0, 0, 0];
    for (const index of settled.keys())
      rpc.send('ask', {}, () => (settled[index] = (settled[index] ?? 0) + 1));
    socket.deliver(framed(pieces.join('')));
    rpc.close();
    assert.deepEqual(settled, [1, 1, 1], 'each request is settled once');
    assert.equal(socket.closeCalls, 1);
    return { sent: socket.sent.slice(3).map(({ id }) => id), heard: heard.length, closed };
  },
  judge(input, result) {
    const wanted: unknown[] = [];
    let heard = 0;
    for (const line of input.split('\n')) {
      let message: unknown;
      try {
        message = JSON.parse(line);
      } catch {
        break;
      }
      const { id, method } = (message ?? {}) as { id?: unknown; method?: unknown };
      if (Array.isArray(message) || typeof method !== 'string') continue;
      heard++;
      // An id is a double, like every number of JSON here.
      if (typeof id === 'string' || typeof id === 'number')
        wanted.push(JSON.parse(JSON.stringify(id)));
    }
    assert.deepEqual({ ...(result as object), closed: '' }, { sent: wanted, heard, closed: '' });
  },
};

/** Each line is an event of a running turn: its method and its parameters. */
const events: Target = {
  name: 'events of a turn',
  kind: 'text',
  isWhole: true,
  seeds: [
    'chat/answer {"text":"Hello"}\nchat/answer {"text":" you"}\nchat/finish {"statusCode":200,"fullAnswer":"Hello you"}',
    'chat/think {"text":"hm","step":"start"}\nchat/answer {"text":"Hi","overwrite":true}\nchat/finish {"statusCode":200}',
    'context/usage/sync {"usedTokens":5}\nerror {"message":"no"}\nchat/finish {"statusCode":408}',
    'tool/invoke {"toolCallId":"c","name":"run","parameters":{"a":1}}\nchat/answer {"content":{"text":"x"}}',
  ],
  words: [
    ...['chat/answer ', 'chat/think ', 'chat/finish ', 'tool/call/sync ', 'tool/invoke ', 'error '],
    ...[
      '"text":',
      '"content":[',
      '"overwrite":true',
      '"fullAnswer":"',
      '"statusCode":',
      '"sessionId":"',
    ],
    ...['200', '"reason":"', '{"a":1}', '"x"', '\n', '````think::1\\n', '````'],
  ],
  read(pieces) {
    const bench = new ChatAskBench();
    const turn = bench.ask();
    const answered = bench.socket.frames.length;
    let said = 0;
    for (const line of pieces.join('').split('\n')) {
      const [, method = '', json = ''] = /^(\S+) (.*)$/s.exec(line) ?? [];
      const params = recordIn(json);
      if (!params) continue;
      turn.event(method, params);
      said++;
    }
    bench.rpc.close();
    assert.equal(turn.ended, 1, 'the turn ends once');
    assert.ok(turn.completed.length <= 1);
    assert.equal(bench.dialect.openTurns, 0);
    const replies = bench.socket.sent.slice(answered).filter(({ method }) => method === undefined);
    assert.equal(replies.length, said, 'every request is answered');
    return undefined;
  },
};

function recordIn(json: string): object | undefined {
  if (!json.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

const markup: Target = {
  name: 'mark-up',
  kind: 'text',
  seeds: [
    '````think::3\nI think\n````\nHello',
    'Text\n```toolCall::run::id-1::FINISHED\n```\nmore',
    '```ts|CODE_EDIT_BLOCK|/a/b.ts\ncode\n```\n',
    '`````md\n````think::1\nno\n````\n`````\n',
    'a ````think::{x}\r\nb\r\n```` c ```toolCall::a::b::c\r\n{"x":1}\r\n```\r\nd',
  ],
  words: [
    ...[
      '```',
      '````',
      '`````',
      '`',
      '````think::',
      '```toolCall::',
      '|CODE_EDIT_BLOCK|',
      '|',
      '\n',
    ],
    ...['\r\n', '::', ' ', '   ', 'think::1\n', '{', 'x', '```ts\n', 'a'.repeat(1024)],
  ],
  read(pieces) {
    const filter = new MarkupFilter();
    const said = pieces.flatMap((piece) => filter.push(piece));
    return channels([...said, ...filter.end()]);
  },
  judge(input, result) {
    const { text, reasoning } = result as ReturnType<typeof channels>;
    assert.ok(text.length + reasoning.length <= input.length, 'something was made up');
    if (!/[`|]/.test(input)) assert.deepEqual(result, { text: input, reasoning: '' });
  },
};

/** Each line is a step: more text, an overwrite (`=`), a thought (`?`); the last is `fullAnswer`. */
const answers: Target = {
  name: 'answers',
  kind: 'text',
  isWhole: true,
  seeds: ['Hello\n you\nHello you', 'Hel\n=Hello\n?hm\n=Good\n bye\nGood bye', '````think::1\n'],
  words: ['\n', '\n=', '\n?', 'Hello', ' ', '````think::1\r', '````', '```toolCall::a::b::c'],
  read(pieces) {
    const steps = pieces.join('').split('\n');
    const fullAnswer = steps.pop() ?? '';
    const assembly = new AnswerAssembly();
    const shown = steps.flatMap((step) => {
      if (step.startsWith('?')) return assembly.think(step.slice(1));
      if (step.startsWith('=')) return assembly.answer(step.slice(1), true);
      return assembly.answer(step, false);
    });
    shown.push(...assembly.finish(fullAnswer));
    return {
      overwritten: steps.some((step) => step.startsWith('=')),
      held: assembly.text,
      ...channels(shown),
    };
  },
  judge(_input, result) {
    const { overwritten, held, text } = result as {
      overwritten: boolean;
      held: string;
      text: string;
    };
    if (!overwritten) assert.equal(text, held, 'shown and held differ');
  },
};

export const upstreamTargets: readonly Target[] = [
  frames,
  lines,
  messages,
  events,
  markup,
  answers,
];
