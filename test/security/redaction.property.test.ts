/** No key gets through what takes keys out, whatever it looks like, wherever it stands or is cut. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { agentName } from '../../src/gateway/agentName';
import { Capture } from '../../src/gateway/capture';
import { newClientKey } from '../../src/http/keyRing';
import { createLogger, jsonLine } from '../../src/observe/log';
import { Redactor } from '../../src/observe/redact';
import { redactedLogger } from '../../src/observe/redactedLogger';
import { renderDiagnostics } from '../../src/vscode/setup/diagnostics';
import { settingDefaults } from '../../src/vscode/settings';
import { message, user } from '../support/messages';
import { instance, snapshot } from '../unit/vscode/support';

/** As many characters of a key as a leak would have to show. */
const TELLING = 12;

/** Any key that a header can carry (printable Latin-1), of a length that is hard to guess. */
const keys = fc
  .string({
    unit: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...Array.from('abcXYZ0189')) },
      { weight: 1, arbitrary: fc.constantFrom(...Array.from('"\\\'$`/+=-_.:;,<>{}[]()*?^|&%# é')) },
    ),
    minLength: TELLING,
    maxLength: 60,
  })
  .filter((key) => key === key.trim() && !'[redacted]'.includes(key));
const around = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '"',
    '\\',
    '=',
    'key: ',
    'Bearer ',
    'sk-',
    'password="',
    'data:a/b;base64,',
  ),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
);

/** The key as it stands, and as JSON has it. */
const spellings = (key: string): string[] => [key, JSON.stringify(key).slice(1, -1)];

function assertWithout(text: string, key: string): void {
  for (const spelled of spellings(key)) {
    assert.ok(!text.includes(spelled), `${JSON.stringify(key)} is in ${JSON.stringify(text)}`);
  }
}

/** The text in pieces that end at the given places. */
function split(text: string, places: readonly number[]): string[] {
  const ends = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [...ends, text.length].map((end, index) => text.slice(ends[index - 1] ?? 0, end));
}

const places = fc.array(fc.nat(400), { maxLength: 40 });

describe('redaction', function () {
  this.timeout(60_000);

  it('takes a known key out of any text, also out of JSON in JSON', () => {
    fc.assert(
      fc.property(keys, around, around, (key, before, after) => {
        const redactor = new Redactor([key]);
        assertWithout(redactor.redact(before + key + after), key);
        const json = redactor.redact(
          JSON.stringify({ [before]: key, list: [before + key + after] }),
        );
        assertWithout(json, key);
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes it out of an answer, however that comes in pieces and wherever it breaks off', () => {
    fc.assert(
      fc.property(
        keys,
        around,
        around,
        places,
        fc.boolean(),
        fc.constantFrom('text' as const, 'reasoning' as const),
        (key, before, after, cuts, whole, type) => {
          const capture = new Capture(true, new Redactor([key]));
          capture.begin('r', { ...asked, messages: [user(before + key + after)] });
          for (const delta of split(`${before}${key}${after}`, cuts)) {
            capture.add('r', { type, delta });
          }
          capture.end('r', whole);
          const { asked: request = '', answered } = capture.read('r') ?? {};
          assertWithout(request, key);
          assertWithout(answered ?? '', key);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('leaves no beginning of a key where an answer breaks off in the middle of it', () => {
    fc.assert(
      fc.property(keys, around, places, fc.nat(), (key, before, cuts, at) => {
        const part = key.slice(0, TELLING + (at % (key.length - TELLING + 1)));
        const capture = new Capture(true, new Redactor([key]));
        capture.begin('r', asked);
        for (const delta of split(`so ${before}${part}`, cuts)) {
          capture.add('r', { type: 'text', delta });
        }
        capture.end('r', false);
        const answered = capture.read('r')?.answered ?? '';
        assert.ok(!answered.includes(part), JSON.stringify({ part, answered }));
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes it out of long texts, where they are cut as well', () => {
    fc.assert(
      fc.property(keys, fc.integer({ min: 65_300, max: 65_700 }), (key, length) => {
        const text = `${'x '.repeat(length).slice(0, length)}${key} ${'y '.repeat(4_000)}`;
        const capture = new Capture(true, new Redactor([key]));
        capture.begin('r', { ...asked, messages: [user(text), message('assistant')] });
        capture.add('r', { type: 'text', delta: text });
        capture.end('r', true);
        const { asked: request = '', answered } = capture.read('r') ?? {};
        for (const kept of [request, answered ?? '']) {
          assert.ok(!kept.includes(key.slice(0, TELLING)), JSON.stringify(key));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('takes it out of every line of the log, as text and as JSON', () => {
    fc.assert(
      fc.property(keys, around, around, (key, before, after) => {
        const lines: string[] = [];
        const logger = redactedLogger(
          createLogger((_, line, record) => lines.push(line, jsonLine(record, 0)), 'trace'),
          new Redactor([key]),
        );
        const text = before + key + after;
        logger.log('info', text, () => ({ agent: text }));
        logger.child('topic', { agent: text }).log('error', `failed: ${text}`);
        assert.equal(lines.length, 4);
        for (const line of lines) assertWithout(line, key);
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes it out of the name that a client gives itself, before that is cut', () => {
    fc.assert(
      fc.property(keys, fc.stringMatching(/^[a-z ]{0,39}$/), (key, before) => {
        const name = agentName(new Redactor([key]).redact(before + key)) ?? '';
        assert.ok(!name.includes(key.slice(0, TELLING)), JSON.stringify({ key, name }));
      }),
      { numRuns: 1_000 },
    );
  });

  it('knows the keys that are made here by their looks alone', () => {
    fc.assert(
      fc.property(around, around, (before, after) => {
        const key = newClientKey();
        assertWithout(new Redactor([]).redact(`${before} ${key} ${after}`), key);
      }),
    );
  });

  it('takes it out of the diagnostics', () => {
    fc.assert(
      fc.property(keys, around, around, (key, before, after) => {
        const problem = before + key + after;
        const text = renderDiagnostics({
          versions: {},
          settings: { ...settingDefaults, modelAliases: { [problem]: problem } },
          state: {
            kind: 'failed',
            code: 'start_failed',
            problem,
            snapshot: snapshot({ problem, instances: [instance({ problem })] }),
          },
          log: [problem],
          hidden: { home: '/home/somebody', secrets: [key] },
        });
        assertWithout(text, key);
      }),
      { numRuns: 500 },
    );
  });
});

const asked = {
  model: 'm',
  messages: [],
  tools: [],
  toolChoice: { mode: 'auto' as const },
};
