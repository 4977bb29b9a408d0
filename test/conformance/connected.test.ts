/**
 * The configurations that “Connect a client” writes, read by the real programs: each answers through
 * the gateway with nothing else set up.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'mocha';
import { exitOnSignals } from '../../scripts/vscode/processes.mjs';
import { clientOf } from '../../src/vscode/clients/catalog';
import {
  type ClientFacts,
  type ClientId,
  KEY_VARIABLE,
  planFile,
  PROVIDER_ID,
} from '../../src/vscode/clients/client';
import { HeadlessGateway } from '../support/headless';
import { Agent } from './cli/agent';
import { claudeCodeClient } from './cli/claudeCode';
import type { CliClient, Surroundings } from './cli/client';
import { codexClient } from './cli/codex';
import { openCodeClient } from './cli/openCode';
import { qwenCodeClient } from './cli/qwenCode';

exitOnSignals();

const MODEL = 'org_auto';

/** What a test says of one client besides what “Connect a client” writes. */
interface Connected {
  readonly id: ClientId;
  readonly cli: CliClient;
  /** What the file has before, as a user may have it. */
  readonly before: string;
  /** Variables that only keep the run quiet, and the key where the file holds none. */
  readonly env: (apiKey: string) => Readonly<Record<string, string>>;
  /** The arguments of a run, with what the configuration has to say taken out of them. */
  readonly args: (args: string[]) => string[];
}

const connected: readonly Connected[] = [
  {
    id: 'claudeCode',
    cli: claudeCodeClient,
    before: '{\n  "permissions": { "allow": ["Bash(ls)"] }\n}\n',
    env: () => ({ CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_AUTOUPDATER: '1' }),
    args: (args) => args,
  },
  {
    id: 'codex',
    cli: codexClient,
    before: '# mine\nmodel_reasoning_effort = "low"\n\n[analytics]\nenabled = false # offline\n',
    env: (apiKey) => ({ [KEY_VARIABLE]: apiKey }),
    args: (args) => args,
  },
  {
    id: 'openCode',
    cli: openCodeClient,
    before: '{\n  // mine\n  "autoupdate": false,\n}\n',
    env: () => ({ OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1' }),
    args: (args) => args.map((arg) => (arg === 'gateway/gpt-5' ? `${PROVIDER_ID}/${MODEL}` : arg)),
  },
  {
    id: 'qwenCode',
    cli: qwenCodeClient,
    before: '{\n  // mine\n  "telemetry": { "enabled": false }\n}\n',
    env: () => ({}),
    args: (args) => args.filter((arg) => arg !== '--auth-type' && arg !== 'openai'),
  },
];

/** Sets the client up as the command does, and in no other way. */
function setUp(
  { id, before, env }: Connected,
  { home, baseUrl, apiKey }: Surroundings,
): Readonly<Record<string, string>> {
  const client = clientOf(id);
  assert.equal(client?.kind, 'file');
  const t = (message: string): string => message;
  const facts: ClientFacts = { baseUrl, apiKey, models: [{ id: MODEL, name: 'Auto' }] };
  const places = { home, platform: process.platform, env: {}, workspace: undefined };
  const target = client.target({ ...places, exists: existsSync }, t);
  assert.equal(target.kind, 'file');
  const plan = planFile(client, before, facts, t);
  assert.equal(plan.kind, 'change');
  mkdirSync(path.dirname(target.path), { recursive: true });
  writeFileSync(target.path, plan.text, { mode: 0o600 });
  return env(apiKey);
}

describe('clients that were connected with one click', () => {
  let gateway: HeadlessGateway;

  before(async () => {
    gateway = await HeadlessGateway.launch();
  });
  after(() => gateway.stop());

  for (const subject of connected) {
    const { cli, args } = subject;
    it(`${cli.name} answers through the gateway`, async function () {
      this.timeout(1000 * (cli.patienceSeconds + 30));
      const turns = (await gateway.stats()).turns.completed;
      const agent = new Agent(
        {
          ...cli,
          setUp: (surroundings) => setUp(subject, surroundings),
          args: (prompt, options) => args(cli.args(prompt, options)),
        },
        gateway,
      );
      try {
        const { how, output } = await agent.run('Please say hello.');
        assert.equal(how, 'code 0', output);
        assert.match(output, /Turn \d+ of session/, output);
        assert.ok((await gateway.stats()).turns.completed > turns);
      } finally {
        agent.remove();
      }
    });
  }
});
