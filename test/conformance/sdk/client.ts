/** A library seen through what the tests do with it; each keeps the conversation in its own form. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { sdks } from '../../../scripts/conformance/clients.mjs';
import { clientFolder, clientProgram } from '../../../scripts/conformance/install.mjs';
import type { ClientRow } from '../features';

/** Where to call, with a `fetch` that lets the tests see the headers of answers. */
export interface Endpoint {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly fetch: typeof fetch;
}

export interface Call {
  readonly id: string;
  readonly name: string;
  readonly args: unknown;
}

/** One answer, read from the places where the library's own users find it. */
export interface Answer {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly Call[];
  /** The library's word for how the answer ended. */
  readonly finish: string | null | undefined;
  readonly inputTokens: number | undefined;
}

export interface AskOptions {
  readonly streaming: boolean;
  /** Offers the tools of {@link TOOLS}. */
  readonly tools?: boolean;
  readonly signal?: AbortSignal;
  /** A first piece of a streamed answer has come. */
  readonly onPiece?: () => void;
}

/** A conversation as the library's users hold one. */
export interface SdkConversation {
  user(text: string): void;
  results(results: readonly { readonly call: Call; readonly text: string }[]): void;
  /** Asks for the next answer and adds it to the conversation; rejects as the library does. */
  ask(options: AskOptions): Promise<Answer>;
}

export interface SdkClient extends ClientRow {
  /** What the library calls the end of a text and of an answer that calls tools. */
  readonly finishes: { readonly text: string; readonly calls: string };
  /** A model name as its users leave it in their configuration; an alias takes it. */
  readonly model: string;
  /** Begins conversations with `model`. */
  readonly connect: (endpoint: Endpoint, model: string) => SdkConversation;
}

/** The tools that are offered: name, description, and the one parameter each has. */
export const TOOLS = ['get_weather', 'get_time'].map((name) => ({
  name,
  description: `The tool ${name}.`,
  schema: {
    type: 'object' as const,
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
}));

/** The exports of a package in the cache folder; callers know them, as the versions are pinned. */
export function load(specifier: string): unknown {
  clientProgram(sdks);
  return createRequire(path.join(clientFolder(sdks), 'package.json'))(specifier);
}

/** The version of a package among the project's own dependencies. */
export function installedVersion(name: string): string {
  const file = path.resolve('node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
