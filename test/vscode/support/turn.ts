/** Single turns over HTTP, and what the gateway says of them. */
import assert from 'node:assert/strict';
import type { GatewayActivity, RequestActivity } from '../../../src/gateway/activity';
import type { Endpoint } from './conversation';

export interface ChatMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

export interface Turn {
  /** What the client sends next time: all that was asked, and the answer. */
  readonly messages: readonly ChatMessage[];
  readonly answer: string;
  readonly requestId: string;
}

/** Asks `question` after `before` and waits for the whole answer; `signal` hangs up. */
export async function takeTurn(
  { baseUrl, apiKey }: Endpoint,
  question: string,
  before: readonly ChatMessage[] = [],
  signal: AbortSignal | null = null,
): Promise<Turn> {
  const messages = [...before, { role: 'user', content: question } as const];
  const response = await fetch(`${baseUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o', messages }),
    signal,
  });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const { choices } = JSON.parse(text) as { choices: { message: { content: string } }[] };
  const answer = choices[0]?.message.content ?? '';
  return {
    messages: [...messages, { role: 'assistant', content: answer }],
    answer,
    requestId: response.headers.get('x-request-id') ?? '',
  };
}

/** `/internal/activity`. */
export async function activityOf({ baseUrl, apiKey }: Endpoint): Promise<GatewayActivity> {
  const response = await fetch(`${baseUrl}/internal/activity`, {
    headers: { authorization: `Bearer ${apiKey}` },
  });
  assert.equal(response.status, 200);
  return (await response.json()) as GatewayActivity;
}

/** What the gateway says of one turn. */
export async function requestOf(endpoint: Endpoint, { requestId }: Turn): Promise<RequestActivity> {
  const { requests } = await activityOf(endpoint);
  const request = requests.find(({ id }) => id === requestId);
  assert.ok(request, `${requestId} is among the requests`);
  return request;
}
