/** The commands on keys, with their dialogs answered. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { eventually } from '../support/eventually';
import { answering, type Answers, type Said } from './dialogs';
import { readyGateway } from './gateway';

const command = (name: string, ...args: unknown[]): Thenable<unknown> =>
  vscode.commands.executeCommand(`lingmaGateway.${name}`, ...args);

/** The status with which the gateway answers to whoever has this key. */
async function statusFor(key: string): Promise<number> {
  const { baseUrl } = await readyGateway();
  const headers = { authorization: `Bearer ${key}` };
  return (await fetch(`${baseUrl}/v1/usage`, { headers })).status;
}

/** Runs the command and waits until it has said this; gives its words. */
async function toldBy(name: string, answers: Answers, text: RegExp): Promise<Said> {
  let found: Said | undefined;
  await answering(answers, async (said) => {
    await command(name);
    found = await eventually(`${name} says ${String(text)}`, () =>
      said.find((one) => text.test(one.text)),
    );
  });
  assert.ok(found);
  return found;
}

/** Chooses the key of that name in the list. */
const choose =
  (name: string) =>
  (items: readonly vscode.QuickPickItem[]): vscode.QuickPickItem | undefined =>
    items.find(({ label }) => label.endsWith(name));

describe('the dialogs on keys', () => {
  // A link in a notification would run its command.
  const name = 'laptop [x](command:workbench.action.quit)';

  it('make a key under a name that is free, and tell it on the clipboard alone', async () => {
    const { baseUrl } = await readyGateway();
    const refused: unknown[] = [];
    const said = await toldBy(
      'createClientKey',
      {
        input: (options) => {
          for (const bad of ['', ' x', 'owner']) refused.push(options.validateInput?.(bad));
          assert.equal(options.validateInput?.(name), undefined);
          return name;
        },
      },
      /on the clipboard/,
    );
    assert.ok(refused.every((reason) => String(reason).includes('1 to 64 characters')));
    assert.ok(said.text.includes('laptop') && !said.text.includes(']('), said.text);
    const key = await vscode.env.clipboard.readText();
    assert.match(key, /^sk-lingma-/);
    assert.ok(!said.text.includes(key));
    assert.equal(await statusFor(key), 200);

    await answering(
      {
        input: (options) => {
          const reason = options.validateInput?.(name);
          assert.ok(typeof reason === 'string' && reason.includes('has a key already'));
          return 'phone';
        },
        press: ['Copy Base URL'],
      },
      async () => {
        await command('createClientKey');
        await eventually('the address is copied', async () =>
          (await vscode.env.clipboard.readText()).startsWith(baseUrl) ? true : undefined,
        );
      },
    );

    // Whoever does not agree, or closes the list, has changed nothing.
    await answering({}, () => Promise.resolve(command('manageClientKeys')).then(() => undefined));
    const asked = await toldBy('manageClientKeys', { pick: choose(name) }, /Revoke the key/);
    assert.deepEqual(asked.buttons, ['Revoke']);
    assert.equal(await statusFor(key), 200);

    const listed: string[] = [];
    await toldBy(
      'manageClientKeys',
      {
        pick: (items) => {
          listed.push(...items.map(({ description = '' }) => description));
          return choose(name)(items);
        },
        press: ['Revoke'],
      },
      /has been revoked/,
    );
    assert.match(listed[0] ?? '', /last used .+ · turns since the start: 0/);
    assert.match(listed[1] ?? '', /^not used yet/);
    assert.equal(await statusFor(key), 401);
    await toldBy('manageClientKeys', { pick: choose('phone'), press: ['Revoke'] }, /revoked/);
  });

  it('make none without a name, or under one that is taken by then', async () => {
    await readyGateway();
    await vscode.env.clipboard.writeText('mine');
    await answering({}, async (said) => {
      await command('createClientKey');
      assert.deepEqual(said, []);
    });
    await toldBy(
      'manageClientKeys',
      { pick: choose('Create Client Key…'), input: () => 'owner' },
      /Choose another one/,
    );
    assert.equal(await vscode.env.clipboard.readText(), 'mine');
  });

  it('rotate the gateway’s key once the user agrees, also where a client has it', async () => {
    const { apiKey: old } = await readyGateway();
    const claude = path.join(homedir(), '.claude', 'settings.json');
    try {
      await answering({ press: ['Apply'] }, () =>
        Promise.resolve(command('connectClient', 'claudeCode')).then(() => undefined),
      );
      assert.ok(readFileSync(claude, 'utf8').includes(old));

      await toldBy('rotateApiKey', {}, /Replace the API key/);
      assert.equal((await readyGateway()).apiKey, old);

      await toldBy('rotateApiKey', { press: ['Replace', 'Update Files'] }, /new API key stands in/);
      const { apiKey } = await readyGateway();
      assert.notEqual(apiKey, old);
      assert.equal(await statusFor(apiKey), 200);
      assert.equal(await statusFor(old), 401);
      const written = readFileSync(claude, 'utf8');
      assert.ok(written.includes(apiKey) && !written.includes(old), written);
    } finally {
      rmSync(path.dirname(claude), { recursive: true, force: true });
      assert.ok(!existsSync(claude));
    }
  });
});
