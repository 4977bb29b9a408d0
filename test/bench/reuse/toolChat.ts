/** An agent's tool loop: each answer makes two calls, each request brings their results. */
import type {
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam,
  ChatCompletionTool,
} from 'openai/resources/chat/completions';
import { writeCall } from '../../../src/conversation/toolBlocks';
import type { Chatter } from './chat';
import type { Client } from './client';
import { marked, scriptFor } from './tokens';

const TOOLS: ChatCompletionTool[] = ['run', 'read_file'].map((name) => ({
  type: 'function',
  function: {
    name,
    description: `Does what its name says (${name}).`,
    parameters: { type: 'object', properties: { value: { type: 'string' } } },
  },
}));

export interface ToolChatOptions {
  /** Requests of the loop; the last one is answered without a call. */
  readonly steps: number;
  /** Characters of each result besides its marks. */
  readonly resultLength: number;
  readonly stream: boolean;
}

export class ToolChat implements Chatter {
  readonly #name: string;
  readonly #client: Client;
  readonly #options: ToolChatOptions;
  readonly #messages: ChatCompletionMessageParam[];

  constructor(name: string, client: Client, options: ToolChatOptions) {
    this.#name = name;
    this.#client = client;
    this.#options = options;
    this.#messages = [
      { role: 'system', content: marked(`${name}.system`, 'Use the tools.') },
      { role: 'user', content: `${marked(`${name}.task`, 'Mend it.')}\n${this.#script(0)}` },
    ];
  }

  async round(number: number): Promise<void> {
    const { content, tool_calls: calls = [] } = await this.#client.send({
      messages: [...this.#messages],
      model: 'org_auto',
      tools: TOOLS,
      stream: this.#options.stream,
    });
    const kept = calls
      .filter((call) => call.type === 'function')
      .map((call, index) => respelled(call, `client_${number}_${index}`));
    const text = typeof content === 'string' ? content.trim() : '';
    this.#messages.push({
      role: 'assistant',
      content: text || null,
      ...(kept.length > 0 ? { tool_calls: kept } : {}),
    });
    for (const [index, { id }] of kept.entries()) this.#pushResult(number, index, id);
  }

  #pushResult(number: number, index: number, id: string): void {
    const { resultLength } = this.#options;
    const output = 'const answer = 42; // "ok"\n'.repeat(resultLength / 27);
    const result = marked(`${this.#name}.${number}.result${index}`, output);
    // The last message of a request says how it is answered.
    const content = index === 0 ? result : `${result}\n${this.#script(number + 1)}`;
    this.#messages.push({ role: 'tool', tool_call_id: id, content });
  }

  #script(number: number): string {
    const name = `${this.#name}.${number}`;
    const text = marked(`${name}.answer`, 'Let me see.');
    if (number === this.#options.steps - 1) return scriptFor(text);
    const calls = [
      writeCall('run', `{"value": "<<${name}.call0>>", "n": ${number}.0}`),
      writeCall('read_file', `{"b": 1, "a": "<<${name}.call1>> 你好"}`),
    ];
    return scriptFor([text, ...calls].join('\n'));
  }
}

/** The same call as clients send it back: an id of their own, arguments written anew. */
function respelled(
  call: ChatCompletionMessageFunctionToolCall,
  id: string,
): ChatCompletionMessageFunctionToolCall {
  const members = Object.entries(JSON.parse(call.function.arguments) as object);
  const json = JSON.stringify(Object.fromEntries(members.reverse()), null, 1);
  return { id, type: 'function', function: { name: call.function.name, arguments: json } };
}
