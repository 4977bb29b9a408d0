import assert from 'node:assert/strict';
import { parse as parseToml } from 'smol-toml';
import { parse as parseYaml } from 'yaml';
import { clientOf, clients } from '../../../../src/vscode/clients/catalog';
import {
  type ClientFacts,
  type ClientId,
  clientIds,
  type FileClient,
  type Places,
  planFile,
} from '../../../../src/vscode/clients/client';
import { readJson } from '../../../../src/vscode/clients/jsonc';
import { t } from '../support';

const facts: ClientFacts = {
  baseUrl: 'http://127.0.0.1:8317',
  apiKey: 'KEY-canary_0123456789',
  models: [
    { id: 'org_auto', name: 'Auto' },
    { id: 'qwen', name: 'Qwen' },
  ],
};
const moved: ClientFacts = { ...facts, baseUrl: 'http://127.0.0.1:9999' };

const places = (change: Partial<Places> = {}): Places => ({
  home: '/home/me',
  platform: 'linux',
  env: {},
  workspace: '/work/project',
  exists: () => false,
  ...change,
});

function fileClient(id: ClientId): FileClient {
  const client = clientOf(id);
  assert.equal(client?.kind, 'file');
  return client;
}

const fileClients = clients.filter((client) => client.kind === 'file');

function changed(client: FileClient, text: string | null, told = facts): string {
  const plan = planFile(client, text, told, t);
  assert.equal(plan.kind, 'change', JSON.stringify(plan));
  return plan.text;
}

function pathOf(id: ClientId, change: Partial<Places> = {}): string {
  const target = fileClient(id).target(places(change), t);
  assert.equal(target.kind, 'file');
  return target.path;
}

/** A file as a user may have it, by client: with comments, entries of others, and odd spacing. */
const existing: Readonly<Record<string, string>> = {
  claudeCode:
    '{\n    "permissions": {"allow": ["Bash(ls)"]},\n    "env": {\n        "FOO": "1"\n    }\n}\n',
  codex: '# mine\napproval_policy = "never"   # why\n\n[mcp_servers.docs]\ncommand = "docs"\n',
  openCode: '{\n  // mine\n  "theme": "dark",\n  "provider": { "other": { "npm": "x" } },\n}\n',
  continue:
    'name: Mine # here\nversion: 0.0.1\nschema: v1\nmodels:\n  - name: GPT\n    provider: openai\n    model: gpt-5\n',
  aider: '# aider\nauto-commits: false\n',
  zed: '// Zed settings\n{\n  "theme": "One", // nice\n  "language_models": {\n    "ollama": {}\n  }\n}\n',
  qwenCode: '{"ui": {"theme": "x"}}',
  envFile: 'DATABASE_URL="x"\n# end\n',
};

describe('the clients that can be connected', () => {
  it('are all there, in their order', () => {
    assert.deepEqual(
      clients.map(({ id }) => id),
      clientIds,
    );
    assert.equal(clientOf('nobody'), undefined);
    assert.deepEqual(fileClients.map(({ id }) => id).sort(), Object.keys(existing).sort());
  });

  for (const client of fileClients) {
    describe(client.title, () => {
      const mine = existing[client.id] ?? '';

      it('gets a new file, and nothing more the second time', () => {
        const text = changed(client, null);
        assert.ok(text.includes(facts.baseUrl));
        assert.equal(text.includes(facts.apiKey), client.holdsKey);
        assert.deepEqual(planFile(client, text, facts, t), { kind: 'unchanged' });
      });

      it('keeps every line of the file there is', () => {
        const text = changed(client, mine);
        let from = 0;
        for (const part of mine.split(/[\s,}]+/)) {
          from = text.indexOf(part, from) + part.length;
          assert.ok(from >= part.length, `${part} is missing in:\n${text}`);
        }
        assert.deepEqual(planFile(client, text, facts, t), { kind: 'unchanged' });
      });

      it('follows another port in its own entries only', () => {
        const text = changed(client, mine);
        assert.equal(changed(client, text, moved), text.replaceAll(':8317', ':9999'));
      });

      it('keeps Windows line breaks and a byte order mark', () => {
        const windows = `\uFEFF${mine.replaceAll('\n', '\r\n')}`;
        const text = changed(client, windows);
        assert.ok(text.startsWith('\uFEFF'));
        assert.equal(text.lastIndexOf('\uFEFF'), 0);
        if (mine.includes('\n')) assert.doesNotMatch(text, /[^\r]\n/);
        assert.deepEqual(planFile(client, text, facts, t), { kind: 'unchanged' });
      });

      // Nothing is wrong in a file of variables: whatever it says, the block goes behind it.
      if (client.id !== 'envFile') {
        it('does not touch a file that it cannot read', () => {
          const plan = planFile(client, '[{ broken: = "', facts, t);
          assert.equal(plan.kind, 'refused');
          assert.match(plan.reason, /line 1/);
        });
      }
    });
  }

  it('write what each of them reads', () => {
    const { baseUrl, apiKey } = facts;
    assert.deepEqual(readJson(changed(fileClient('claudeCode'), null)), {
      env: { ANTHROPIC_BASE_URL: baseUrl, ANTHROPIC_AUTH_TOKEN: apiKey },
    });
    assert.equal(
      JSON.stringify(parseToml(changed(fileClient('codex'), null))),
      JSON.stringify({
        model: 'org_auto',
        model_provider: 'lingma-gateway',
        model_providers: {
          'lingma-gateway': {
            name: 'Lingma Gateway',
            base_url: `${baseUrl}/v1`,
            env_key: 'LINGMA_GATEWAY_API_KEY',
            wire_api: 'responses',
          },
        },
      }),
    );
    assert.deepEqual(readJson(changed(fileClient('openCode'), null)), {
      $schema: 'https://opencode.ai/config.json',
      provider: {
        'lingma-gateway': {
          npm: '@ai-sdk/openai-compatible',
          name: 'Lingma Gateway',
          options: { baseURL: `${baseUrl}/v1`, apiKey },
          models: { org_auto: { name: 'Auto' }, qwen: { name: 'Qwen' } },
        },
      },
    });
    assert.deepEqual(parseYaml(changed(fileClient('continue'), null)), {
      name: 'Local Config',
      version: '1.0.0',
      schema: 'v1',
      models: [
        {
          name: 'Lingma Gateway',
          provider: 'openai',
          apiBase: `${baseUrl}/v1`,
          apiKey,
          model: 'org_auto',
          roles: ['chat', 'edit', 'apply'],
          capabilities: ['tool_use'],
        },
      ],
    });
    assert.deepEqual(parseYaml(changed(fileClient('aider'), null)), {
      'openai-api-base': `${baseUrl}/v1`,
      'openai-api-key': apiKey,
      model: 'openai/org_auto',
    });
    assert.deepEqual(readJson(changed(fileClient('qwenCode'), null)), {
      security: { auth: { selectedType: 'openai', apiKey, baseUrl: `${baseUrl}/v1` } },
      model: { name: 'org_auto' },
    });
    assert.deepEqual(readJson(changed(fileClient('zed'), null)), {
      language_models: {
        openai_compatible: {
          'lingma-gateway': {
            api_url: `${baseUrl}/v1`,
            available_models: [
              { name: 'org_auto', display_name: 'Auto', max_tokens: 128_000 },
              { name: 'qwen', display_name: 'Qwen', max_tokens: 128_000 },
            ],
          },
        },
      },
    });
  });

  it('add models to a list of Zed without laying it out anew', () => {
    const before = changed(fileClient('zed'), null, { ...facts, models: [facts.models[0]] });
    const mine = before
      .replace('"name": "org_auto",', '"name": "org_auto", // mine')
      .replace('128000', '1.28e5');
    const after = changed(fileClient('zed'), mine);
    assert.ok(after.startsWith(mine.slice(0, mine.indexOf('1.28e5') + 6)), after);
    assert.match(after, /\},\n +\{\n +"name": "qwen"/);
    assert.deepEqual(planFile(fileClient('zed'), after, facts, t), { kind: 'unchanged' });
  });

  it('leave a list of Zed alone that is none', () => {
    const text =
      '{"language_models":{"openai_compatible":{"lingma-gateway":{"available_models":{"a":1}}}}}';
    assert.equal(planFile(fileClient('zed'), text, facts, t).kind, 'refused');
  });

  it('leave to the user what the user has set for a model', () => {
    const text = '{"provider":{"lingma-gateway":{"models":{"org_auto":{"name":"Mine"}}}}}';
    const after = readJson(changed(fileClient('openCode'), text)) as {
      provider: Record<string, { models: object }>;
    };
    assert.deepEqual(after.provider['lingma-gateway']?.models, {
      org_auto: { name: 'Mine' },
      qwen: { name: 'Qwen' },
    });
  });

  it('know where each configuration is', () => {
    assert.equal(pathOf('claudeCode'), '/home/me/.claude/settings.json');
    assert.equal(pathOf('claudeCode', { env: { CLAUDE_CONFIG_DIR: '/c' } }), '/c/settings.json');
    assert.equal(pathOf('codex'), '/home/me/.codex/config.toml');
    assert.equal(pathOf('codex', { env: { CODEX_HOME: '/c' } }), '/c/config.toml');
    // Empty is as good as unset; what is relative would be another folder for each program.
    assert.equal(pathOf('codex', { env: { CODEX_HOME: '' } }), '/home/me/.codex/config.toml');
    assert.equal(
      pathOf('continue', { env: { CONTINUE_GLOBAL_DIR: 'here' } }),
      '/home/me/.continue/config.yaml',
    );
    assert.equal(pathOf('openCode'), '/home/me/.config/opencode/opencode.json');
    assert.equal(
      pathOf('openCode', { exists: (file) => file.endsWith('.jsonc') }),
      '/home/me/.config/opencode/opencode.jsonc',
    );
    assert.equal(pathOf('continue'), '/home/me/.continue/config.yaml');
    assert.equal(pathOf('aider'), '/home/me/.aider.conf.yml');
    assert.equal(pathOf('zed', { env: { XDG_CONFIG_HOME: '/x' } }), '/x/zed/settings.json');
    assert.equal(
      pathOf('zed', { platform: 'darwin', env: { XDG_CONFIG_HOME: '/x' } }),
      '/home/me/.config/zed/settings.json',
    );
    assert.equal(pathOf('qwenCode'), '/home/me/.qwen/settings.json');
    assert.equal(pathOf('envFile'), '/work/project/.env');
  });

  it('say why there is nothing to write', () => {
    const none = fileClient('envFile').target(places({ workspace: undefined }), t);
    assert.equal(none.kind, 'none');
    const older = fileClient('continue').target(
      places({ exists: (file) => file.endsWith('config.json') }),
      t,
    );
    assert.equal(older.kind, 'none');
  });

  it('give a command line that a shell takes as it is', () => {
    const client = clientOf('curl');
    assert.equal(client?.kind, 'copy');
    assert.equal(
      client.copied(facts, 'linux'),
      "curl http://127.0.0.1:8317/v1/chat/completions -H 'Authorization: Bearer KEY-canary_0123456789' " +
        `-H 'Content-Type: application/json' -d '{"model":"org_auto","messages":[{"role":"user","content":"Say hello."}]}'`,
    );
    assert.match(client.copied(facts, 'win32'), /^curl\.exe .* -d "\{\\"model\\":/);
  });

  it('give instructions without the key', () => {
    const client = clientOf('cline');
    assert.equal(client?.kind, 'guide');
    const text = client.guide(facts, t);
    assert.ok(text.includes('http://127.0.0.1:8317/v1') && text.includes('org_auto'));
    assert.ok(!text.includes(facts.apiKey));
  });
});
