/**
 * Tool calls as text. Lingma does not reliably honour tools that its caller defines (protocol §6),
 * so they travel inside the prompt: the contract says how a call is written, namely as a fenced block.
 * What models write instead is understood in `toolCalls/`.
 *
 *     ```json action
 *     {"tool": "NAME", "parameters": {…}}
 *     ```
 */
import { writeJson } from '../base/exactJson';
import type { Tool, ToolChoice } from './messages';

const OPENING = '```json action';
const CLOSING = '\n```';

/** Contracts by the lists they were written for, which come again with every turn. */
const contracts = new WeakMap<readonly Tool[], string>();

/** What the model has to know to call tools. The list must not be changed afterwards. */
export function toolContract(tools: readonly Tool[]): string {
  const contract = contracts.get(tools) ?? writeContract(tools);
  contracts.set(tools, contract);
  return contract;
}

function writeContract(tools: readonly Tool[]): string {
  const list = tools.map(
    ({ name, description, parameters }) =>
      `- ${name}: ${description}\n  parameters: ${writeJson(parameters)}`,
  );
  const example = writeCall('NAME', '{"PARAMETER": "VALUE"}');
  return [
    'You can call the tools listed below; they run on the side of the user, who sends you each result.',
    `To call one, write a block exactly like this, and nothing after the last block:\n\n${example}\n`,
    'Write one block for each call. Use only these tools, with parameters that fit their schema.',
    '',
    ...list,
  ].join('\n');
}

/**
 * What this turn asks beyond the contract; empty when the model is free to choose.
 * @param parallel False when the answer may hold one call at most.
 */
export function choiceInstruction(choice: ToolChoice, parallel = true): string {
  switch (choice.mode) {
    case 'auto':
      return parallel ? '' : 'Call one tool at most.';
    case 'none':
      return 'Answer without calling a tool.';
    case 'required':
      return parallel ? 'Call at least one tool.' : 'Call exactly one tool.';
    case 'named':
      return parallel ? `Call the tool ${choice.name}.` : `Call the tool ${choice.name}, once.`;
  }
}

/** A call as the contract has it. */
export function writeCall(name: string, argumentsJson: string): string {
  return `${OPENING}\n{"tool": ${JSON.stringify(name)}, "parameters": ${argumentsJson || '{}'}}${CLOSING}`;
}
