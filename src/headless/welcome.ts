import { DEMO_HINT } from '../gateway/routes/operations';

/** What a person who started the launcher needs next: where it is, and lines ready to paste. */
export function welcome(at: {
  baseUrl: string;
  /** A key that was made up for this run; undefined for one that was given: it may be a lasting one. */
  apiKey: string | undefined;
  demo: boolean;
  /** Nobody is signed in to a process that is ready. */
  signedOut: boolean;
}): string {
  const { baseUrl, apiKey = 'YOUR_API_KEY', demo, signedOut } = at;
  return `
Lingma Gateway listens on ${baseUrl}${demo ? ' (demo)' : ''}. Ctrl-C stops it.
${demo ? `${DEMO_HINT}\n` : ''}${signedOut ? signInHint(baseUrl, apiKey) : ''}
Try it:

  curl -s ${baseUrl}/v1/chat/completions \\
    -H 'authorization: Bearer ${apiKey}' -H 'content-type: application/json' \\
    -d '{"model":"gpt-4o","messages":[{"role":"user","content":"Hello"}]}'

For OpenAI clients:

  export OPENAI_BASE_URL=${baseUrl}/v1
  export OPENAI_API_KEY=${apiKey}
`;
}

function signInHint(baseUrl: string, apiKey: string): string {
  return `
Lingma is signed out. This prints the address of the page to sign in on:

  curl -s -X POST ${baseUrl}/internal/login -H 'authorization: Bearer ${apiKey}'
`;
}
