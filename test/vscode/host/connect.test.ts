/** The commands that set up clients, against the home folder of the test profile. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import { readyGateway } from './gateway';
import { eventually } from '../support/eventually';

const command = (name: string, ...args: unknown[]): Thenable<unknown> =>
  vscode.commands.executeCommand(`lingmaGateway.${name}`, ...args);

/** Waits until the comparison with this file on its right side is open; gives both of its texts. */
async function openDiff(name: string, holds = ''): Promise<{ before: string; after: string }> {
  const text = async (uri: vscode.Uri): Promise<string> =>
    (await vscode.workspace.openTextDocument(uri)).getText();
  return eventually(`a comparison of ${name}`, async () => {
    for (const { input } of vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs)) {
      if (!(input instanceof vscode.TabInputTextDiff)) continue;
      if (path.basename(input.modified.path) !== name) continue;
      const diff = { before: await text(input.original), after: await text(input.modified) };
      if (diff.before.includes(holds)) return diff;
    }
    return undefined;
  });
}

/** Accepts what the open quick pick has selected, again until `done` is. */
async function acceptPick(done: Promise<unknown>): Promise<void> {
  const over = done.then(() => true);
  await eventually('the quick pick is answered', async () => {
    await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
    return Promise.race([over, sleep(100, undefined)]);
  });
}

describe('connecting a client', () => {
  const home = homedir();
  const claude = path.join(home, '.claude', 'settings.json');
  const codex = path.join(home, '.codex', 'config.toml');

  before(() => {
    assert.ok(home.includes('lingma-vscode-'), `${home} is the home of a test profile`);
  });
  afterEach(async () => {
    await vscode.commands.executeCommand('workbench.action.closeQuickOpen');
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    for (const folder of ['.claude', '.codex']) {
      rmSync(path.join(home, folder), { recursive: true, force: true });
    }
  });

  it('shows the change without the key, writes it when told to, and takes it back', async () => {
    const { baseUrl, apiKey } = await readyGateway();
    const mine = '{\n  // mine\n  "model": "opus" // kept\n}\n';
    mkdirSync(path.dirname(claude));
    writeFileSync(claude, mine, { mode: 0o644 });

    const connected = Promise.resolve(command('connectClient', 'claudeCode'));
    const shown = await openDiff('settings.json');
    assert.equal(shown.before, mine);
    assert.ok(shown.after.includes(baseUrl) && !shown.after.includes(apiKey), shown.after);
    assert.equal(readFileSync(claude, 'utf8'), mine, 'nothing is written before the user agrees');
    await command('applyChange');
    await connected;

    const written = readFileSync(claude, 'utf8');
    assert.ok(written.startsWith('{\n  // mine\n  "model": "opus", // kept\n'), written);
    assert.ok(written.includes(`"ANTHROPIC_BASE_URL": "${baseUrl}"`), written);
    assert.ok(written.includes(`"ANTHROPIC_AUTH_TOKEN": "${apiKey}"`), written);
    assert.equal(statSync(claude).mode & 0o777, 0o600);

    // Everything is there: there is nothing to show and to ask.
    await command('connectClient', 'claudeCode');
    assert.equal(readFileSync(claude, 'utf8'), written);

    await acceptPick(Promise.resolve(command('undoClientSetup')));
    assert.equal(readFileSync(claude, 'utf8'), mine);
    assert.equal(statSync(claude).mode & 0o777, 0o644);
  });

  it('looks again when the file changes while the user decides', async () => {
    await readyGateway();
    mkdirSync(path.dirname(codex));
    writeFileSync(codex, 'model = "one"\n');
    const connected = Promise.resolve(command('connectClient', 'codex'));
    const shown = await openDiff('config.toml');
    assert.match(shown.before, /one/);
    writeFileSync(codex, 'model = "two"\napproval_policy = "never"\n');
    await command('applyChange');
    const again = await openDiff('config.toml', 'two');
    assert.match(again.after, /approval_policy/);
    await command('applyChange');
    await connected;
    const written = readFileSync(codex, 'utf8');
    assert.match(written, /^approval_policy = "never"$/m);
    assert.match(written, /^\[model_providers\.lingma-gateway\]$/m);

    await acceptPick(Promise.resolve(command('undoClientSetup')));
    assert.equal(readFileSync(codex, 'utf8'), 'model = "two"\napproval_policy = "never"\n');
  });

  it('writes nothing when the user does not agree', async () => {
    await readyGateway();
    const connected = Promise.resolve(command('connectClient', 'claudeCode'));
    await openDiff('settings.json');
    await command('discardChange');
    await connected;
    assert.ok(!existsSync(claude));
  });

  it('writes nothing when the user closes the comparison', async () => {
    await readyGateway();
    const connected = Promise.resolve(command('connectClient', 'claudeCode'));
    await openDiff('settings.json');
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await connected;
    assert.ok(!existsSync(claude));
  });

  it('asks before it undoes what somebody has changed since', async () => {
    await readyGateway();
    const connected = Promise.resolve(command('connectClient', 'claudeCode'));
    await openDiff('settings.json');
    await command('applyChange');
    await connected;
    const theirs = readFileSync(claude, 'utf8').replace('{', '{ "theirs": 1,');
    writeFileSync(claude, theirs);

    const kept = Promise.resolve(command('undoClientSetup'));
    void acceptPick(kept);
    assert.match((await openDiff('settings.json', 'theirs')).before, /theirs/);
    await command('discardChange');
    await kept;
    assert.equal(readFileSync(claude, 'utf8'), theirs);

    const restored = Promise.resolve(command('undoClientSetup'));
    void acceptPick(restored);
    await openDiff('settings.json', 'theirs');
    await command('applyChange');
    await restored;
    assert.ok(!existsSync(claude));
  });

  it('copies a command line that works', async () => {
    const { baseUrl, apiKey } = await readyGateway();
    await command('connectClient', 'curl');
    const line = await vscode.env.clipboard.readText();
    assert.ok(line.startsWith(`curl ${baseUrl}/v1/chat/completions `), line);
    assert.ok(line.includes(apiKey));
  });

  it('shows instructions for a client with settings of its own', async () => {
    const { apiKey } = await readyGateway();
    await command('connectClient', 'cline');
    const guide = await eventually('the instructions', () =>
      vscode.workspace.textDocuments.find(({ uri }) => uri.path.endsWith('cline.md')),
    );
    assert.ok(guide.getText().includes('/v1') && !guide.getText().includes(apiKey));
  });
});

describe('the gateway’s terminal', () => {
  it('has the address and the key in its environment, and no key of the user', async () => {
    const { baseUrl, apiKey } = await readyGateway();
    const before = new Set(vscode.window.terminals);
    await command('openTerminal');
    const terminal = await eventually('a terminal', () =>
      vscode.window.terminals.find((candidate) => !before.has(candidate)),
    );
    try {
      assert.equal(terminal.name, 'Lingma Gateway');
      const listed = path.join(homedir(), 'variables');
      terminal.sendText(`env > '${listed}.part' && mv '${listed}.part' '${listed}'`);
      const lines = await eventually('the variables of the shell', () =>
        existsSync(listed) ? readFileSync(listed, 'utf8').split('\n') : undefined,
      );
      for (const [name, value] of Object.entries({
        OPENAI_BASE_URL: `${baseUrl}/v1`,
        OPENAI_API_BASE: `${baseUrl}/v1`,
        OPENAI_API_KEY: apiKey,
        OPENAI_MODEL: 'org_auto',
        ANTHROPIC_BASE_URL: baseUrl,
        ANTHROPIC_AUTH_TOKEN: apiKey,
        LINGMA_GATEWAY_API_KEY: apiKey,
      })) {
        assert.ok(lines.includes(`${name}=${value}`), `${name} in:\n${lines.join('\n')}`);
      }
      assert.ok(!lines.some((line) => line.startsWith('ANTHROPIC_API_KEY=')));
    } finally {
      terminal.dispose();
    }
  });
});

describe('finding out what is wrong', () => {
  it('testConnection runs real turns in all dialects and continues a session', async () => {
    await readyGateway();
    const report = (await command('testConnection')) as {
      model: string;
      failure?: object;
      turns: { step: string; reuse: string | null }[];
    };
    assert.equal(report.failure, undefined);
    assert.equal(report.model, 'org_auto');
    assert.deepEqual(
      report.turns.map(({ step }) => step),
      ['chat', 'continuation', 'responses', 'messages'],
    );
    assert.equal(report.turns[1]?.reuse, 'continued');
  });

  it('copyDiagnostics puts a report without the key on the clipboard', async () => {
    const { apiKey } = await readyGateway();
    await command('copyDiagnostics');
    const report = await vscode.env.clipboard.readText();
    assert.match(report, /### Lingma Gateway diagnostics/);
    assert.ok(report.includes(vscode.version));
    assert.match(report, /\*\*State\*\*: ready/);
    assert.match(report, /\*\*Log\*\*, the last lines\n\n```text\n\S+ \[\w+\] /);
    assert.ok(!report.includes(apiKey));
    assert.ok(!report.includes(homedir()));
  });

  it('showEffectiveConfig opens every option and its origin, without the key', async () => {
    const { apiKey } = await readyGateway();
    await command('showEffectiveConfig');
    const { document } = vscode.window.activeTextEditor ?? assert.fail('no editor');
    const options = JSON.parse(document.getText()) as Record<string, unknown>;
    assert.equal(document.languageId, 'json');
    assert.deepEqual(options['port'], {
      value: 0,
      origin: { from: 'setting', name: 'lingmaGateway.port' },
    });
    assert.ok(!document.getText().includes(apiKey));
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  it('copyDiagnostics works while nothing runs', async () => {
    await readyGateway();
    await command('stop');
    await command('copyDiagnostics');
    assert.match(await vscode.env.clipboard.readText(), /\*\*State\*\*: stopped/);
    await readyGateway();
  });
});
