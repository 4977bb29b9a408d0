/**
 * What a recorded request says, read from its body alone: nothing is shared with the dialects of
 * the gateway, so that a mistake there cannot hide here.
 */

/** A call as its client spells it, or a text. */
export type Piece =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'call'; readonly name: string; readonly argumentsJson: string };

/** One message, or the items of one answer. */
export interface Spoken {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly pieces: readonly Piece[];
}

export type Json = Readonly<Record<string, unknown>>;

/** The form of answer that a request of Messages or Responses asks for; null when it asks for none. */
export function formatOf(body: Json | undefined): unknown {
  const wanted = (body?.['output_config'] ?? body?.['text']) as Json | undefined;
  return wanted?.['format'] ?? null;
}

/** The conversation of a request for `pathname`, in order. */
export function conversationOf(pathname: string, body: Json): Spoken[] {
  switch (pathname) {
    case '/v1/chat/completions':
      return chat(body);
    case '/v1/messages':
      return messages(body);
    case '/v1/responses':
      return responses(body);
    default:
      throw new Error(`nobody converses with ${pathname}`);
  }
}

function chat(body: Json): Spoken[] {
  return list(body['messages']).map((message) => ({
    role: roleOf(message),
    pieces: [
      ...texts(message['content']),
      ...list(message['tool_calls']).map((call) => {
        const { name, arguments: json } = call['function'] as Json;
        return callOf(name, json);
      }),
    ],
  }));
}

function messages(body: Json): Spoken[] {
  return [
    { role: 'system' as const, pieces: texts(body['system']).filter(isNotBilling) },
    ...list(body['messages']).map((message) => ({
      role: roleOf(message),
      pieces:
        typeof message['content'] === 'string'
          ? texts(message['content'])
          : list(message['content']).flatMap(blockPieces),
    })),
  ];
}

/** Claude Code's note to its vendor, which no model is to see. */
function isNotBilling(piece: Piece): boolean {
  return piece.type !== 'text' || !piece.text.startsWith('x-anthropic-billing-header:');
}

function blockPieces(block: Json): Piece[] {
  switch (block['type']) {
    case 'text':
      return texts(block['text']);
    case 'tool_use':
      return [callOf(block['name'], JSON.stringify(block['input']))];
    case 'tool_result':
      return texts(block['content']);
    case 'thinking':
      return [];
    default:
      throw new Error(`a block of type ${String(block['type'])}`);
  }
}

function responses(body: Json): Spoken[] {
  const { instructions, input } = body;
  const spoken: Spoken[] = texts(instructions).map((piece) => ({
    role: 'system',
    pieces: [piece],
  }));
  if (typeof input === 'string') return [...spoken, { role: 'user', pieces: texts(input) }];
  for (const item of list(input)) {
    const next = itemOf(item);
    const last = spoken.at(-1);
    if (next?.role === 'assistant' && last?.role === 'assistant') {
      spoken[spoken.length - 1] = { ...last, pieces: [...last.pieces, ...next.pieces] };
    } else if (next) {
      spoken.push(next);
    }
  }
  return spoken;
}

function itemOf(item: Json): Spoken | undefined {
  switch (item['type']) {
    case undefined:
    case 'message':
      return { role: roleOf(item), pieces: texts(item['content']) };
    case 'function_call':
      return { role: 'assistant', pieces: [callOf(item['name'], item['arguments'])] };
    case 'function_call_output':
      return { role: 'tool', pieces: texts(item['output']) };
    case 'reasoning':
      return undefined;
    default:
      throw new Error(`an item of type ${String(item['type'])}`);
  }
}

function roleOf(message: Json): Spoken['role'] {
  const { role } = message;
  if (role === 'developer') return 'system';
  if (role === 'system' || role === 'user' || role === 'assistant' || role === 'tool') return role;
  throw new Error(`a message of ${String(role)}`);
}

function texts(content: unknown): Piece[] {
  if (content === undefined || content === null) return [];
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return list(content).map(({ text }) => {
    if (typeof text === 'string') return { type: 'text', text };
    throw new Error('a part without a text');
  });
}

function callOf(name: unknown, json: unknown): Piece {
  if (typeof name !== 'string' || typeof json !== 'string')
    throw new Error('a call without a name');
  return { type: 'call', name, argumentsJson: json };
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}
