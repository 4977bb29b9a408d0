/** Structured output, asked for in words: Lingma takes no output format. */

import { writeJson } from '../base/exactJson';
import type { TurnRequest } from '../conversation/messages';

/**
 * The part of a request that asks for JSON, optionally of a schema.
 * @param path Where the schema stands in the request.
 */
export function jsonFormat(
  schema?: unknown,
  description?: string | null,
  path?: string,
): Pick<TurnRequest, 'instruction' | 'format'> {
  return {
    instruction: jsonInstruction(schema, description),
    format: schema === undefined ? {} : { schema, ...(path === undefined ? {} : { path }) },
  };
}

/** What to say for "answer with JSON", optionally of a schema. It concerns this turn only. */
function jsonInstruction(schema?: unknown, description?: string | null): string {
  return [
    'Write the final answer as JSON only, without a code fence or other text.',
    schema === undefined ? 'It must be one JSON object.' : '',
    description ?? '',
    schema === undefined ? '' : `It must fit this JSON schema: ${writeJson(schema)}`,
  ]
    .filter(Boolean)
    .join('\n');
}
