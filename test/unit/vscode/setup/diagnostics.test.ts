import assert from 'node:assert/strict';
import { type DiagnosticFacts, renderDiagnostics } from '../../../../src/vscode/setup/diagnostics';
import { redact, shortPath } from '../../../../src/vscode/setup/redact';
import { settingDefaults } from '../../../../src/vscode/settings';
import { instance, snapshot } from '../support';

const key = 'canaryKey0123456789canaryKey0123456789abcde';

const facts = (change: Partial<DiagnosticFacts> = {}): DiagnosticFacts => ({
  versions: { 'Lingma Gateway': '0.1.0', System: 'Linux 6.1 x64' },
  settings: settingDefaults,
  state: { kind: 'ready', role: 'leader', snapshot: snapshot() },
  log: ['2026-01-01T00:00:00.000Z [info] activated'],
  hidden: { home: '/home/canary', secrets: [key] },
  ...change,
});

describe('diagnostics', () => {
  it('say what runs, where it stands and what happened', () => {
    const text = renderDiagnostics(facts());
    assert.match(text, /^- Lingma Gateway: 0\.1\.0$/m);
    assert.match(text, /\*\*State\*\*: ready \(leader\)/);
    assert.match(text, /"hit_total": 0/);
    assert.match(text, /\[info\] activated/);
  });

  it('name settings that were changed, and those only', () => {
    const settings = { ...settingDefaults, port: 9000, lingmaPath: '/home/canary/bin/Lingma' };
    const text = renderDiagnostics(facts({ settings }));
    assert.match(text, /"lingmaGateway\.port": 9000/);
    assert.match(text, /"lingmaGateway\.lingmaPath": "~\/bin\/Lingma"/);
    assert.doesNotMatch(text, /sessionMax"/);
  });

  it('hold no secret, wherever it came in', () => {
    const secret = 'canary-secret';
    const text = renderDiagnostics(
      facts({
        settings: {
          ...settingDefaults,
          agentCommand: `/home/canary/agent --api-key ${secret}`,
          attachTo: `ws://user:${secret}#@127.0.0.1:1/x?token=${secret}`,
          passEnvironment: ['MY_TOKEN', `OTHER=${secret}`],
        },
        state: {
          kind: 'failed',
          code: 'start_failed',
          problem: `/home/canary/Lingma said: Authorization: Bearer ${secret}`,
          snapshot: snapshot({
            program: '/home/canary/Lingma',
            instances: [instance({ problem: `no access with ${key}` })],
          }),
        },
        log: [`a key ${key}`, 'sk-canary0123456789', `eyJ${'canary'.repeat(10)}`],
      }),
    );
    assert.doesNotMatch(text, /canary/);
    assert.match(text, /"lingmaGateway\.agentCommand": "~\/agent …"/);
    const agentCommand = `QWEN=${secret} qwen --acp`;
    const settings = { ...settingDefaults, agentCommand };
    assert.doesNotMatch(renderDiagnostics(facts({ settings })), /canary/);
  });

  it('hide the home folder of Windows, also where JSON doubles its backslashes', () => {
    const home = String.raw`C:\Users\canary`;
    const text = renderDiagnostics(
      facts({
        settings: { ...settingDefaults, lingmaPath: String.raw`C:\Users\canary\Lingma.exe` },
        log: [String.raw`started c:\users\Canary\Lingma.exe`],
        hidden: { home, secrets: [] },
      }),
    );
    assert.doesNotMatch(text, /canary/i);
  });

  it('are whole blocks, whatever the log says', () => {
    const text = renderDiagnostics(facts({ log: ['```', '# not a title', '````'] }));
    assert.match(text, /^`{5}text$/m);
    assert.match(text, /^`{5}$/m);
  });
});

describe('what is hidden', () => {
  it('leaves ordinary words, paths and ids as they are', () => {
    const text =
      'lingma-1 at http://127.0.0.1:8317/v1, /opt/some/very/long/path/to/a/program/called/Lingma, 2026-01-01T00:00:00.000Z';
    assert.equal(redact(text, { home: '/home/me', secrets: [''] }), text);
    assert.equal(redact('/a', { home: '/', secrets: [] }), '/a');
  });

  it('leaves ids of requests, and nothing that merely begins like one', () => {
    const hex = '0123456789abcdef'.repeat(2);
    const hide = (text: string, secret = ''): string =>
      redact(text, { home: '/home/me', secrets: [secret] });
    for (const id of [`req_${hex}`, `chat_${hex}`]) {
      assert.equal(hide(`${id} (owner) chat, 12 ms`), `${id} (owner) chat, 12 ms`);
      assert.equal(hide(`key ${id}`, id), 'key [hidden]', 'a key of that form');
      for (const other of [`${id}0`, `x${id}`, `token=${id}`, `${id}-${hex}`, id.toUpperCase()]) {
        assert.equal(hide(other), '[hidden]', other);
      }
    }
    assert.equal(hide(`Bearer req_${hex}`), 'Bearer [hidden]');
    assert.equal(hide(`key_${hex}`), '[hidden]');
  });

  it('knows the home folder from a folder that only begins like it', () => {
    assert.equal(shortPath('/home/me/x', '/home/me'), '~/x');
    assert.equal(shortPath('/home/me', '/home/me'), '~');
    assert.equal(shortPath('/home/media/x', '/home/me'), '/home/media/x');
  });
});
