/**
 * A conversation as a real client holds it: the official SDK sends everything again on every turn.
 * The demo states in each answer how much of it arrived, so the answers prove what travelled.
 */
import assert from 'node:assert/strict';
import OpenAI from 'openai';

export interface Endpoint {
  /** `http://127.0.0.1:PORT`, without `/v1`. */
  readonly baseUrl: string;
  readonly apiKey: string;
}

export interface CacheFigures {
  readonly hits: number;
  readonly misses: number;
  readonly size: number;
}

export const questions = [
  'What is a session cache?',
  '它是怎么工作的？',
  'And when the client edits an earlier message?',
  'Name one more pitfall, please.',
  'Thank you. Sum it up in one line.',
] as const;

/** Holds the five turns and asserts that turns 2 to 5 brought the process their own words only. */
export async function holdConversation(endpoint: Endpoint, stream: boolean): Promise<void> {
  const client = new OpenAI({
    baseURL: `${endpoint.baseUrl}/v1`,
    apiKey: endpoint.apiKey,
    maxRetries: 0,
  });
  const messages: OpenAI.ChatCompletionMessageParam[] = [];
  let session: string | undefined;
  let held = 0;
  for (const [index, question] of questions.entries()) {
    messages.push({ role: 'user', content: question });
    const answer = await ask(client, messages, stream);
    messages.push({ role: 'assistant', content: answer });

    const facts = factsOf(answer);
    assert.equal(facts.turn, index + 1, answer);
    assert.equal(facts.heldCharacters, held, answer);
    session ??= facts.session;
    assert.equal(facts.session, session, 'the conversation stays in its session');
    if (index > 0) assert.equal(facts.arrivedCharacters, question.length, answer);
    held += facts.arrivedCharacters + answer.length;
  }
}

export async function cacheFigures({ baseUrl, apiKey }: Endpoint): Promise<CacheFigures> {
  const response = await fetch(`${baseUrl}/metrics`, {
    headers: { authorization: `Bearer ${apiKey}` },
  });
  assert.equal(response.status, 200);
  const text = await response.text();
  const figure = (name: string): number => {
    const value = new RegExp(`^gateway_session_cache_${name} (\\d+)$`, 'm').exec(text)?.[1];
    assert.ok(value, `gateway_session_cache_${name} is in /metrics:\n${text}`);
    return Number(value);
  };
  return { hits: figure('hit_total'), misses: figure('miss_total'), size: figure('size') };
}

async function ask(
  client: OpenAI,
  messages: OpenAI.ChatCompletionMessageParam[],
  stream: boolean,
): Promise<string> {
  const request = { model: 'gpt-4o', messages };
  if (!stream) {
    const completion = await client.chat.completions.create(request);
    return completion.choices[0]?.message.content ?? '';
  }
  let answer = '';
  let chunks = 0;
  for await (const chunk of await client.chat.completions.create({ ...request, stream })) {
    answer += chunk.choices[0]?.delta.content ?? '';
    chunks++;
  }
  assert.ok(chunks > 2, `an answer in ${chunks} chunks is no stream`);
  return answer;
}

/** What the demo says about the turn, in the language of the question. */
function factsOf(answer: string): {
  session: string;
  turn: number;
  arrivedCharacters: number;
  heldCharacters: number;
} {
  const english =
    /Turn (?<turn>\d+) of session (?<session>\S+): 1 message with (?<arrived>\d+) characters .*, (?<held>\d+) characters were held/;
  const chinese =
    /会话 (?<session>\S+) 的第 (?<turn>\d+) 轮：本轮收到 1 条消息，共 (?<arrived>\d+) 个字符；此前已保留 (?<held>\d+) 个字符/;
  const facts = (english.exec(answer) ?? chinese.exec(answer))?.groups;
  assert.ok(facts, `the demo describes its turn:\n${answer}`);
  return {
    session: facts['session'] ?? '',
    turn: Number(facts['turn']),
    arrivedCharacters: Number(facts['arrived']),
    heldCharacters: Number(facts['held']),
  };
}
