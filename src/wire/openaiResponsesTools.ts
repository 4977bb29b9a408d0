/** Tools of the Responses dialect: what a client offers, and under which name the model knows it. */
import * as v from 'valibot';
import type { Tool, ToolChoice } from '../conversation/messages';
import { payload } from './validation';
import { nothingToCall, unknownChoice } from './toolCalls';

const name = v.pipe(v.string(), v.nonEmpty());
const functionTool = v.looseObject({
  type: v.literal('function'),
  name,
  description: v.nullish(v.string()),
  parameters: v.nullish(payload),
});
const customTool = v.looseObject({
  type: v.literal('custom'),
  name,
  description: v.nullish(v.string()),
  format: v.nullish(
    v.variant('type', [
      v.looseObject({ type: v.literal('text') }),
      v.looseObject({ type: v.literal('grammar'), syntax: v.string(), definition: v.string() }),
    ]),
  ),
});
const namespace = v.looseObject({
  type: v.literal('namespace'),
  name,
  description: v.nullish(v.string()),
  tools: v.array(v.variant('type', [functionTool, customTool])),
});
/**
 * Tools that OpenAI runs or that its models were trained to call in a form of their own. Clients
 * offer them to every model alike, so they are accepted; Lingma's are not told of them.
 */
const hostedTool = v.looseObject({
  type: v.picklist([
    'apply_patch',
    'code_interpreter',
    'computer',
    'computer_use_preview',
    'file_search',
    'image_generation',
    'local_shell',
    'mcp',
    'programmatic_tool_calling',
    'shell',
    'tool_search',
    'web_search',
    'web_search_2025_08_26',
    'web_search_preview',
    'web_search_preview_2025_03_11',
  ]),
});

export const toolSchema = v.variant('type', [functionTool, customTool, namespace, hostedTool]);

export const toolChoiceSchema = v.lazy((input) =>
  typeof input === 'string'
    ? v.picklist(['auto', 'none', 'required'])
    : v.looseObject({ type: v.picklist(['function', 'custom']), name: v.string() }),
);

type CallableTool = v.InferOutput<typeof functionTool> | v.InferOutput<typeof customTool>;

/** How a client knows a tool. */
export interface WireTool {
  readonly type: 'function' | 'custom';
  readonly name: string;
  readonly namespace?: string;
}

/** What a request offers. */
export interface OfferedTools {
  readonly tools: readonly Tool[];
  /** By the name the model calls them by. */
  readonly wireTools: ReadonlyMap<string, WireTool>;
}

/**
 * The one name of a tool that a client knows by its namespace and its name. It depends on the two
 * alone, so that a call in the history reads the same whatever is offered now.
 */
export function flatName(toolName: string, toolNamespace: string | null | undefined): string {
  return toolNamespace ? `${toolNamespace}.${toolName}` : toolName;
}

export function readTools(offered: readonly v.InferOutput<typeof toolSchema>[]): OfferedTools {
  const tools: Tool[] = [];
  const wireTools = new Map<string, WireTool>();
  const add = (tool: CallableTool, space?: string, about?: string | null): void => {
    const flat = flatName(tool.name, space);
    const description = [about, tool.description, inputRules(tool)].filter(Boolean).join('\n');
    tools.push({ name: flat, description, parameters: parametersOf(tool) });
    wireTools.set(flat, {
      type: tool.type,
      name: tool.name,
      ...(space === undefined ? {} : { namespace: space }),
    });
  };
  for (const tool of offered) {
    if (tool.type === 'function' || tool.type === 'custom') add(tool);
    if (tool.type === 'namespace') {
      // What is said of a whole namespace is said once, with its first tool.
      tool.tools.forEach((nested, index) => {
        add(nested, tool.name, index === 0 ? tool.description : undefined);
      });
    }
  }
  return { tools, wireTools };
}

export function readToolChoice(
  choice: v.InferOutput<typeof toolChoiceSchema> | null | undefined,
  { wireTools }: OfferedTools,
): ToolChoice {
  if (choice === null || choice === undefined) return { mode: 'auto' };
  // Tools that OpenAI runs are none that the model could call here.
  if (choice === 'required' && wireTools.size === 0) throw nothingToCall();
  if (typeof choice === 'string') return { mode: choice };
  for (const [flat, tool] of wireTools) {
    if (tool.type === choice.type && tool.name === choice.name)
      return { mode: 'named', name: flat };
  }
  throw unknownChoice('tool_choice', choice.name, `${choice.type} tools`);
}

/** A custom tool takes a text and no JSON; to the model that is a tool with one parameter. */
export function customArguments(input: string): string {
  return JSON.stringify({ input });
}

/** The text of such a call; arguments of any other form are handed over as the model wrote them. */
export function customInput(argumentsJson: string): string {
  const parsed: unknown = JSON.parse(argumentsJson);
  return v.is(v.object({ input: v.string() }), parsed) ? parsed.input : argumentsJson;
}

function parametersOf(tool: CallableTool): unknown {
  if (tool.type === 'function') return tool.parameters ?? { type: 'object' };
  return { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] };
}

function inputRules(tool: CallableTool): string {
  if (tool.type !== 'custom' || tool.format?.type !== 'grammar') return '';
  const { syntax, definition } = tool.format;
  return `"input" must match this grammar (${syntax}):\n${definition}`;
}
