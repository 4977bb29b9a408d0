/** The variables that clients read: for `.env` files and terminals. */
import { KEY_VARIABLE } from './client';

/**
 * Names and values; without a model those that name one are left out. Clients of Anthropic's API get
 * the key as a token, which Claude Code takes without asking. `OPENAI_API_BASE` is the older name,
 * which Aider and LiteLLM still read.
 */
export function environmentOf(facts: {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string | undefined;
}): Record<string, string> {
  const { baseUrl, apiKey, model } = facts;
  return {
    OPENAI_BASE_URL: `${baseUrl}/v1`,
    OPENAI_API_BASE: `${baseUrl}/v1`,
    OPENAI_API_KEY: apiKey,
    ...(model === undefined ? {} : { OPENAI_MODEL: model }),
    ANTHROPIC_BASE_URL: baseUrl,
    ANTHROPIC_AUTH_TOKEN: apiKey,
    [KEY_VARIABLE]: apiKey,
  };
}
