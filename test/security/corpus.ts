/**
 * Bytes that are no proper request, or only just one, each with what a gateway may do about it.
 * Grouped by what they try; built from small tables so that a gap in one of them can be seen.
 */

/** `refused` = a 4xx or a closed connection; `answered` = one answer below 500, whichever. */
export type Verdict = 'refused' | 'answered';

export interface Attack {
  readonly name: string;
  readonly bytes: Buffer;
  readonly verdict: Verdict;
  /** Requests it may be answered as; a second answer would be a smuggled request. 1 by default. */
  readonly answers?: number;
}

/** What the corpus needs to know of the gateway. */
export interface Target {
  readonly host: string;
  readonly apiKey: string;
}

const CHAT = '{"model":"org_auto","messages":[{"role":"user","content":"hi"}]}';
/** The body of a turn as one chunk. */
const TURN_CHUNK = `${CHAT.length.toString(16)}\r\n${CHAT}\r\n`;

export function corpus(target: Target): Attack[] {
  return [
    ...requestLines(target),
    ...headerShapes(target),
    ...hosts(target),
    ...framing(target),
    ...smuggling(target),
    ...encodings(target),
    ...paths(target),
    ...bodies(target),
    ...otherProtocols(),
  ];
}

function attack(name: string, text: string | Buffer, verdict: Verdict = 'refused'): Attack {
  return { name, bytes: typeof text === 'string' ? Buffer.from(text, 'latin1') : text, verdict };
}

/** A POST of a turn with the right key, with `headers` in place of its length. */
function post({ host, apiKey }: Target, headers: string, body: string): string {
  return (
    `POST /v1/chat/completions HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${apiKey}\r\n` +
    `Content-Type: application/json\r\n${headers}\r\n\r\n${body}`
  );
}

function requestLines({ host }: Target): Attack[] {
  const rest = ` HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const refused: [string, string][] = [
    ['an empty method', ` /${rest}`],
    ['a method in small letters', `get /${rest}`],
    ['a method that nobody knows', `BREW /${rest}`],
    ['a method with a control character', `G\x01T /${rest}`],
    ['a method with a separator', `G(T /${rest}`],
    ['a very long method', `${'A'.repeat(70_000)} /${rest}`],
    ['no target', `GET${rest}`],
    ['a target without a slash', `GET healthz${rest}`],
    ['a target with a NUL', `GET /\0${rest}`],
    ['a target with a line feed', `GET /a\nb${rest}`],
    ['a target with a carriage return', `GET /a\rb${rest}`],
    ['a target with a blank', `GET /a b${rest}`],
    ['a target with a tab', `GET /a\tb${rest}`],
    ['a target of 100 KB', `GET /${'a'.repeat(100_000)}${rest}`],
    ['an authority as target', `GET 127.0.0.1:80${rest}`],
    ['CONNECT', `CONNECT example.test:443 HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
    ['an asterisk for GET', `GET *${rest}`],
    ['TRACE', `TRACE /${rest}`],
    ['PUT', `PUT /v1/models${rest}`],
    ['PATCH', `PATCH /v1/models${rest}`],
    ['PROPFIND', `PROPFIND /${rest}`],
    ['HTTP/2.0', `GET / HTTP/2.0\r\nHost: ${host}\r\n\r\n`],
    ['HTTP/3.7', `GET / HTTP/3.7\r\nHost: ${host}\r\n\r\n`],
    ['HTTP/1.10', `GET / HTTP/1.10\r\nHost: ${host}\r\n\r\n`],
    ['HTTP/0.9', `GET /\r\n\r\n`],
    ['a version in small letters', `GET / http/1.1\r\nHost: ${host}\r\n\r\n`],
    ['no version number', `GET / HTTP/\r\nHost: ${host}\r\n\r\n`],
    ['another protocol', `GET / ICE/1.1\r\nHost: ${host}\r\n\r\n`],
    ['words behind the version', `GET / HTTP/1.1 x\r\nHost: ${host}\r\n\r\n`],
    ['bare carriage returns as line ends', `GET / HTTP/1.1\rHost: ${host}\r\r`],
    ['an absolute target of another host', `GET http://example.test/healthz${rest}`],
    ['an absolute target with a user', `GET http://${host}@example.test/healthz${rest}`],
    ['an absolute target with our user', `GET http://x@${host}/healthz${rest}`],
    ['an absolute target without a host', `GET http:///healthz${rest}`],
    ['an absolute target of another scheme', `GET ftp://${host}/healthz${rest}`],
  ];
  return [
    ...refused.map(([name, text]) => attack(`request line: ${name}`, text)),
    attack('request line: HTTP/1.0', `GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`, 'answered'),
    attack('request line: an absolute target', `GET http://${host}/${rest}`, 'answered'),
    attack('request line: empty lines before it', `\r\n\r\nGET /${rest}`, 'answered'),
    attack('request line: HEAD', `HEAD /${rest}`, 'answered'),
    attack('request line: two blanks', `GET  /${rest}`, 'answered'),
    attack('request line: OPTIONS of everything', `OPTIONS *${rest}`),
  ];
}

function headerShapes({ host }: Target): Attack[] {
  const get = (lines: string): string => `GET / HTTP/1.1\r\nHost: ${host}\r\n${lines}\r\n\r\n`;
  const refused: [string, string][] = [
    ['no colon', get('no-colon-here')],
    ['an empty name', get(': value')],
    ['a blank before the colon', get('X-A : b')],
    ['a tab before the colon', get('X-A\t: b')],
    ['a NUL in the name', get('X\0A: b')],
    ['a NUL in the value', get('X-A: b\0c')],
    ['a bare line feed in a value', get('X-A: b\n c: d')],
    ['a bare carriage return in a value', get('X-A: b\rc')],
    ['a control character in a value', get('X-A: b\x01')],
    ['a backspace in a value', get('X-A: b\x08')],
    ['a DEL in a value', get('X-A: b\x7f')],
    ['a folded line', get('X-A: b\r\n folded')],
    ['a first line that is folded', `GET / HTTP/1.1\r\n X: y\r\nHost: ${host}\r\n\r\n`],
    ['brackets in a name', get('X[]: b')],
    ['a comma in a name', get('X,A: b')],
    ['letters beyond ASCII in a name', get('X-\xe9: b')],
    ['100 KB in one value', get(`X-A: ${'a'.repeat(100_000)}`)],
    ['100 KB in one name', get(`${'a'.repeat(100_000)}: b`)],
    ['300 headers', get(Array.from({ length: 300 }, (_, i) => `X-${i}: ${i}`).join('\r\n'))],
    ['2,500 headers', get('a:b\r\n'.repeat(2_500) + 'c: d')],
    ['an expectation nobody knows', get('Expect: the-unexpected')],
    ['two expectations', get('Expect: 100-continue, x')],
    ['a WebSocket', get('Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AA==')],
    ['3,000 headers', get(Array.from({ length: 3000 }, (_, i) => `X-${i}: ${i}`).join('\r\n'))],
  ];
  return [
    ...refused.map(([name, text]) => attack(`headers: ${name}`, text)),
    attack('headers: letters of Latin-1 in a value', get('X-A: \xe9\xff'), 'answered'),
    attack('headers: an empty value', get('X-A:'), 'answered'),
    attack('headers: __proto__', get('__proto__: polluted\r\nconstructor: x'), 'answered'),
    attack('headers: an offer of HTTP/2', get('Connection: Upgrade\r\nUpgrade: h2c'), 'answered'),
    attack('headers: the same one 50 times', get('X-A: b\r\n'.repeat(49) + 'X-A: b'), 'answered'),
    attack('headers: a cookie of 8 KB', get(`Cookie: ${'a'.repeat(8000)}`), 'answered'),
  ];
}

function hosts({ host }: Target): Attack[] {
  const port = host.split(':')[1] ?? '';
  const get = (line: string): string => `GET /healthz HTTP/1.1\r\n${line}\r\n\r\n`;
  const refused = [
    'X: y',
    'Host:',
    'Host: example.test',
    `Host: example.test:${port}`,
    `Host: 127.0.0.1.example.test:${port}`,
    `Host: localhost.example.test`,
    `Host: 127.0.0.1:${port}@example.test`,
    `Host: example.test#127.0.0.1:${port}`,
    `Host: 0.0.0.0:${port}`,
    `Host: 127.1:${port}`,
    `Host: 2130706433:${port}`,
    `Host: 0x7f.1:${port}`,
    `Host: [::ffff:127.0.0.1]:${port}`,
    `Host: 127.0.0.1:${port}:${port}`,
    `Host: 127.0.0.1:abc`,
    `Host: 127.0.0.1 :${port}`,
    `Host: localhost.:${port}`,
    `Host: local\xadhost:${port}`,
    `Host: example.test\r\nX-Forwarded-Host: ${host}`,
    `Host: ${host}\r\nHost: example.test`,
    `Host: example.test\r\nHost: ${host}`,
  ];
  return [
    ...refused.map((line) => attack(`host: ${JSON.stringify(line)}`, get(line))),
    attack('host: none in HTTP/1.0', 'GET /healthz HTTP/1.0\r\n\r\n'),
    attack(
      'host: an absolute target of another host',
      `GET http://example.test/healthz HTTP/1.1\r\nHost: example.test\r\n\r\n`,
    ),
    attack('host: in capitals', get(`Host: LOCALHOST:${port}`), 'answered'),
    attack('host: IPv6', get(`Host: [::1]:${port}`), 'answered'),
  ];
}

function framing(target: Target): Attack[] {
  const lengths = [
    '-1',
    '+5',
    '0x10',
    '1e3',
    '5.0',
    '5,5',
    '5 5',
    'abc',
    '',
    '99999999999999999999',
    ' ',
    '1_0',
    '５',
  ];
  const chunks: [string, string][] = [
    ['a size that is no number', 'xyz\r\nhello\r\n0\r\n\r\n'],
    ['a negative size', '-5\r\nhello\r\n0\r\n\r\n'],
    ['a signed size', '+5\r\nhello\r\n0\r\n\r\n'],
    ['a size with 0x', '0x5\r\nhello\r\n0\r\n\r\n'],
    ['a huge size', 'ffffffffffffffffff\r\nhello\r\n0\r\n\r\n'],
    ['a size that is too small', '3\r\nhello\r\n0\r\n\r\n'],
    ['no end behind a chunk', '5\r\nhello0\r\n\r\n'],
    ['a blank before the size', ' 5\r\nhello\r\n0\r\n\r\n'],
    ['an extension of 20 KB', `5;${'a'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n`],
    ['a NUL in an extension', '5;a=\0\r\nhello\r\n0\r\n\r\n'],
    ['a trailer that is broken', '5\r\nhello\r\n0\r\nbad trailer\r\n\r\n'],
    ['bare line feeds', '5\nhello\n0\n\n'],
    ['a size one beyond 64 bits', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
    ['a size with blanks', '5 5\r\nhello\r\n0\r\n\r\n'],
    ['a size with an underscore', '0_5\r\nhello\r\n0\r\n\r\n'],
    ['an empty size', '\r\nhello\r\n0\r\n\r\n'],
    ['a line feed in an extension', '5;a\nb\r\nhello\r\n0\r\n\r\n'],
    ['a carriage return in an extension', '5;a\rb\r\nhello\r\n0\r\n\r\n'],
    ['two line ends behind a chunk', '5\r\nhello\r\n\r\n0\r\n\r\n'],
    ['a chunk that is longer than it says', '5\r\nhello world\r\n0\r\n\r\n'],
    ['a NUL for a line end', '5\0\nhello\r\n0\r\n\r\n'],
    ['a length behind the body', `${TURN_CHUNK}0\r\nContent-Length: 5\r\n\r\n`],
    ['a coding behind the body', `${TURN_CHUNK}0\r\nTransfer-Encoding: chunked\r\n\r\n`],
    ['a Host behind the body', `${TURN_CHUNK}0\r\nHost: example.test\r\n\r\n`],
    ['a folded trailer', `${TURN_CHUNK}0\r\nX: y\r\n z\r\n\r\n`],
    ['a NUL in a trailer', `${TURN_CHUNK}0\r\nX: \0\r\n\r\n`],
  ];
  const codings = [
    'gzip',
    'identity',
    'chunked, chunked',
    'gzip, chunked',
    'chunked, gzip',
    'xchunked',
    'chunked;q=1',
    '"chunked"',
    ',',
  ];
  return [
    ...lengths.map((value) =>
      attack(
        `length: ${JSON.stringify(value)}`,
        Buffer.from(post(target, `Content-Length: ${value}`, CHAT)),
      ),
    ),
    attack('length: none', post(target, 'X: y', CHAT)),
    attack('length: 33 MiB announced', post(target, `Content-Length: ${33 * 1024 * 1024}`, 'x')),
    attack(
      'length: two that differ',
      post(target, 'Content-Length: 5\r\nContent-Length: 6', 'hello'),
    ),
    attack('length: a list of two', post(target, 'Content-Length: 5, 6', 'hello')),
    ...chunks.map(([name, body]) =>
      attack(`chunks: ${name}`, post(target, 'Transfer-Encoding: chunked', body)),
    ),
    ...codings.map((value) =>
      attack(`coding: ${value}`, post(target, `Transfer-Encoding: ${value}`, '0\r\n\r\n')),
    ),
    attack(
      'chunks: of a body that is no JSON',
      post(target, 'Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'),
    ),
  ];
}

/** Two readers of these would see the requests end in different places. */
function smuggling(target: Target): Attack[] {
  const inner = `GET /internal/stats HTTP/1.1\r\nHost: ${target.host}\r\nX: `;
  const length = Buffer.byteLength(inner);
  const shapes: [string, string, string][] = [
    [
      'length and chunks',
      `Content-Length: ${length}\r\nTransfer-Encoding: chunked`,
      `0\r\n\r\n${inner}`,
    ],
    ['chunks and length', 'Transfer-Encoding: chunked\r\nContent-Length: 4', `0\r\n\r\n${inner}`],
    [
      'chunks twice, once wrong',
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: x',
      `0\r\n\r\n${inner}`,
    ],
    [
      'chunks twice, first wrong',
      'Transfer-Encoding: x\r\nTransfer-Encoding: chunked',
      `0\r\n\r\n${inner}`,
    ],
    ['chunks behind a blank', 'Transfer-Encoding : chunked', `0\r\n\r\n${inner}`],
    [
      'chunks behind a tab',
      'Transfer-Encoding:\tchunked\r\nContent-Length: 3',
      `0\r\n\r\n${inner}`,
    ],
    ['chunks in a folded line', 'Transfer-Encoding:\r\n chunked', `0\r\n\r\n${inner}`],
    ['chunks behind a vertical tab', 'Transfer-Encoding:\x0bchunked', `0\r\n\r\n${inner}`],
    ['chunks behind a line feed', 'X: y\nTransfer-Encoding: chunked', `0\r\n\r\n${inner}`],
    ['length 0 and a body', 'Content-Length: 0\r\nContent-Length: 50', inner],
    ['a length twice', `Content-Length: ${CHAT.length}\r\nContent-Length: ${CHAT.length}`, CHAT],
    ['a length behind a blank', `Content-Length : ${CHAT.length}`, CHAT],
    ['a length in a folded line', `Content-Length:\r\n ${CHAT.length}`, CHAT],
    ['a length with a NUL', `Content-Length: ${CHAT.length}\0`, CHAT],
    ['a length with zeros, and chunks', `Content-Length: 000\r\nTransfer-Encoding: chunked`, inner],
    ['chunks behind a NUL', 'Transfer-Encoding: \0chunked', `0\r\n\r\n${inner}`],
    ['chunks with a blank inside', 'Transfer-Encoding: chun ked', `0\r\n\r\n${inner}`],
    ['chunks with a comma in front', 'Transfer-Encoding: ,chunked,x', `0\r\n\r\n${inner}`],
    ['chunks behind a carriage return', 'X: y\rTransfer-Encoding: chunked', `0\r\n\r\n${inner}`],
    ['chunks under another name', 'Transfer_Encoding: chunked', `0\r\n\r\n${inner}`],
    ['chunks with letters of Latin-1', 'Transfer-Encoding: chunke\xe4d', `0\r\n\r\n${inner}`],
    ['two types', `Content-Type: text/plain\r\nContent-Length: ${CHAT.length}`, CHAT],
  ];
  const chunked = post(target, 'Transfer-Encoding: chunked', `${TURN_CHUNK}0\r\n\r\n`);
  const withBody =
    `GET /healthz HTTP/1.1\r\nHost: ${target.host}\r\n` +
    `Content-Length: ${length}\r\n\r\n${inner}`;
  return [
    ...shapes.map(([name, headers, body]) =>
      attack(`smuggling: ${name}`, post(target, headers, body)),
    ),
    attack('smuggling: chunks in HTTP/1.0', chunked.replace('HTTP/1.1', 'HTTP/1.0')),
    attack('smuggling: a request in the body of GET', withBody, 'answered'),
    attack(
      'smuggling: a request in a body that is not asked for',
      post(target, `Expect: 100-continue\r\nContent-Length: ${length}`, inner).replace(
        'application/json',
        'text/plain',
      ),
    ),
  ];
}

function encodings(target: Target): Attack[] {
  const values = ['gzip', 'br', 'deflate', 'zstd', 'gzip, gzip', 'identity, gzip', 'x', 'GZIP'];
  const types = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json5',
    'application/xml',
    'text/json',
    'application',
    '',
  ];
  return [
    ...values.map((value) =>
      attack(
        `encoding: ${value}, and it is not`,
        post(target, `Content-Encoding: ${value}\r\nContent-Length: ${CHAT.length}`, CHAT),
      ),
    ),
    ...types.map((type) =>
      attack(
        `type: ${JSON.stringify(type)}`,
        post(target, `Content-Length: ${CHAT.length}`, CHAT).replace('application/json', type),
      ),
    ),
  ];
}

function paths({ host, apiKey }: Target): Attack[] {
  const targets = [
    '/../internal/stats',
    '/./internal/stats',
    '//internal/stats',
    '/v1/../internal/stats',
    '/%2e%2e/etc/passwd',
    '/internal%2fstats',
    '/internal\\stats',
    '/Internal/Stats',
    '/internal/stats/',
    '/internal/stats;x',
    '/v1/models/%00',
    '/v1/models/%',
    '/v1/models/%zz',
    '/v1/models/%c0%af',
    '/v1/models/..%2f..%2finternal',
    '/v1/responses/__proto__',
    '/v1/responses/constructor',
    `/v1/models/${'a'.repeat(5000)}`,
    '/%',
    '/v1/models/%0d%0aSet-Cookie:%20x=y',
  ];
  return targets.map((path) =>
    attack(
      `path: ${path.slice(0, 60)}`,
      // Without the version the long name of a model could not be told from one that is served.
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${apiKey}\r\n\r\n`,
    ),
  );
}

function bodies(target: Target): Attack[] {
  const deep = (open: string, close: string, levels: number): string =>
    open.repeat(levels) + close.repeat(levels);
  const texts: [string, Buffer][] = (
    [
      ['empty', ''],
      ['a blank', ' '],
      ['cut off', CHAT.slice(0, -5)],
      ['two values', `${CHAT}${CHAT}`],
      ['a comma too many', '{"model":"org_auto",}'],
      ['single quotes', "{'model':'org_auto'}"],
      ['NaN', '{"model":NaN}'],
      ['a comment', '{/* */"model":"org_auto"}'],
      ['null', 'null'],
      ['true', 'true'],
      ['a string', '"hi"'],
      ['a number', '1e999'],
      ['an array', '[]'],
      ['nothing in it', '{}'],
      [
        '__proto__ alone',
        '{"__proto__":{"model":"org_auto","messages":[{"role":"user","content":"hi"}]}}',
      ],
      ['constructor alone', '{"constructor":{"prototype":{"model":"org_auto"}}}'],
      [
        'messages that are none',
        '{"model":"org_auto","messages":{"length":1,"0":{"role":"user"}}}',
      ],
      [
        'a role from the prototype',
        '{"model":"org_auto","messages":[{"role":"toString","content":"hi"}]}',
      ],
      ['100,000 open arrays', '['.repeat(100_000)],
      ['100,000 arrays', deep('[', ']', 100_000)],
      ['100,000 objects', deep('{"a":', '}', 100_000)],
      [
        '1,000,000 arrays in a message',
        `{"model":"org_auto","messages":${deep('[', ']', 1_000_000)}}`,
      ],
      [
        'deep tool parameters',
        `{"model":"org_auto","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f","parameters":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}}]}`,
      ],
      ['a line feed in a string', '{"model":"a\nb"}'],
      ['a lone escape', '{"model":"\\"}'],
    ] as const
  ).map(([name, text]) => [name, Buffer.from(text)]);
  const call = (argumentsJson: string): string =>
    JSON.stringify({
      model: 'org_auto',
      messages: [
        { role: 'user', content: 'hi' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'c', type: 'function', function: { name: 'f', arguments: argumentsJson } },
          ],
        },
        { role: 'tool', tool_call_id: 'c', content: 'x' },
        { role: 'robot', content: 'so that no turn runs' },
      ],
    });
  const binary: [string, Buffer][] = [
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
    [
      'half a character',
      Buffer.concat([Buffer.from('{"model":"'), Buffer.from([0xe4, 0xbd]), Buffer.from('"}')]),
    ],
    [
      'a surrogate as bytes',
      Buffer.concat([
        Buffer.from('{"model":"'),
        Buffer.from([0xed, 0xa0, 0x80]),
        Buffer.from('"}'),
      ]),
    ],
    ['UTF-16', Buffer.from(CHAT, 'utf16le')],
    ['NUL bytes', Buffer.alloc(100)],
  ];
  const calls: [string, Buffer][] = [
    ['arguments of 100,000 arrays', Buffer.from(call(deep('[', ']', 100_000)))],
    ['arguments of 100,000 objects', Buffer.from(call(deep('{"a":', '}', 100_000)))],
  ];
  return [...texts, ...calls, ...binary].map(([name, body]) =>
    attack(
      `body: ${name}`,
      Buffer.concat([Buffer.from(post(target, `Content-Length: ${body.length}`, '')), body]),
    ),
  );
}

function otherProtocols(): Attack[] {
  const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
  const all: [string, Buffer][] = [
    ['a TLS hello', hex('16 03 01 00 c8 01 00 00 c4 03 03 00 00 00 00 00 00 00 00 00 00 00 00')],
    ['SSH', Buffer.from('SSH-2.0-OpenSSH_9.9\r\n')],
    ['HTTP/2 by prior knowledge', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
    ['SOCKS 5', hex('05 01 00')],
    ['a memcached command', Buffer.from('stats\r\n')],
    ['a Redis command', Buffer.from('*1\r\n$4\r\nPING\r\n')],
    ['SMTP', Buffer.from('EHLO example.test\r\nMAIL FROM:<a@example.test>\r\n')],
    ['FTP', Buffer.from('USER anonymous\r\n')],
    ['RTSP', Buffer.from('OPTIONS rtsp://127.0.0.1/ RTSP/1.0\r\nCSeq: 1\r\n\r\n')],
    ['SIP', Buffer.from('INVITE sip:a@example.test SIP/2.0\r\n\r\n')],
    [
      'a PROXY header',
      Buffer.from('PROXY TCP4 1.2.3.4 127.0.0.1 1 2\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    ],
    ['LSP framing', Buffer.from('Content-Length: 2\r\n\r\n{}')],
    ['random bytes', Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919 + 13) % 256))],
    ['zeros', Buffer.alloc(4096)],
    ['one byte', Buffer.from([0])],
  ];
  return all.map(([name, bytes]) => attack(`protocol: ${name}`, bytes));
}
