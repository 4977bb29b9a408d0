import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { Redactor } from '../../../src/observe/redact';

/** Put together here, so that no scanner takes this file for a leak. */
const of = (...parts: string[]): string => parts.join('');
const body = 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8';

const secrets = {
  'an OpenAI key': of('sk-', 'proj-', body),
  'an Anthropic key': of('sk-', 'ant-api03-', body, '-_', body),
  'a Stripe key': of('sk_', 'live_', body),
  'a GitHub token': of('gh', 'p_', body),
  'a fine-grained GitHub token': of('github', '_pat_', body, '_', body),
  'a GitLab token': of('gl', 'pat-', body),
  'an npm token': of('npm', '_', body),
  'a Hugging Face token': of('hf', '_', body),
  'an AWS key': of('AK', 'IA', 'ABCDEFGH12345678'),
  'a Google key': of('AI', 'za', body),
  'an Alibaba Cloud key': of('LT', 'AI', body),
  'a Slack token': of('xo', 'xb-', '123456789012-', body),
  'a JWT': of('ey', 'JhbGciOiJIUzI1NiJ9', '.', 'eyJzdWIiOiIxMjM0In0', '.', body),
  'a PEM block': of(
    '-----BEGIN ',
    'RSA PRIVATE KEY-----\n',
    body,
    '\n',
    body,
    '\n-----END RSA PRIVATE KEY-----',
  ),
} as const;

const redact = (text: string, known: readonly string[] = []): string =>
  new Redactor(known).redact(text);

describe('observe/redact', () => {
  for (const [name, secret] of Object.entries(secrets)) {
    it(`takes ${name} out of any text`, () => {
      fc.assert(
        fc.property(
          fc.string(),
          fc.string(),
          fc.constantFrom(' ', '\n', '\\n', '\\t', '=', '"', ':'),
          (before, after, gap) => {
            const text = redact(`${before} ${gap}${secret} ${after}`);
            assert.ok(!text.includes(secret), text);
            assert.ok(!text.includes(body), text);
          },
        ),
      );
    });
  }

  const cases: [string, string][] = [
    [`Authorization: Bearer ${body}`, 'Authorization: [redacted]'],
    [`curl -H "x-api-key: ${body}" there`, 'curl -H "x-api-key: [redacted]" there'],
    [`use Bearer ${body}.`, 'use Bearer [redacted]'],
    ['{"password": "hunter \\"2\\"", "user": "me"}', '{"password": "[redacted]", "user": "me"}'],
    [
      String.raw`"{\"password\": \"a\\\"b\", \"user\": \"me\"}"`,
      String.raw`"{\"password\": \"[redacted]\", \"user\": \"me\"}"`,
    ],
    ["dbPassword='x y'", "dbPassword='[redacted]'"],
    ['DB_PASSWORD=hunter2\nHOST=h', 'DB_PASSWORD=[redacted]\nHOST=h'],
    ['password: hunter2 # mine', 'password: [redacted] # mine'],
    ['AWS_SECRET_ACCESS_KEY=ab/cd+ef', 'AWS_SECRET_ACCESS_KEY=[redacted]'],
    ['client_secret := "x"', 'client_secret := "[redacted]"'],
    ['"refresh_token":"abc"', '"refresh_token":"[redacted]"'],
    ['postgres://me:hunter2@db/x', 'postgres://me:[redacted]@db/x'],
    // Cut in the middle.
    [of('-----BEGIN ', 'PRIVATE KEY-----\n', body), '[redacted]'],
    ['"password": "hunter', '"password": "[redacted]'],
  ];
  for (const [text, expected] of cases) {
    it(`${JSON.stringify(text)} becomes ${JSON.stringify(expected)}`, () => {
      assert.equal(redact(text), expected);
    });
  }

  it('leaves ordinary text as it is', () => {
    const text =
      'Ask the task-management-system for its max_tokens: 4096 and "inputTokens": 12; ' +
      'the password is asked for, a bearer of news knows no secret. eyJ sk- https://host:8080/a@b';
    assert.equal(redact(text), text);
  });

  it('takes out what it is told to, also inside of JSON, the longest first', () => {
    const key = 'k"e$y.*';
    assert.equal(redact(`a ${key}b`, [key]), 'a [redacted]b');
    assert.equal(
      redact(JSON.stringify({ key: `${key}1` }), [key, `${key}1`]),
      '{"key":"[redacted]"}',
    );
    assert.equal(redact('nothing', ['']), 'nothing');
  });

  it('takes time in proportion to the text, whatever stands in it', () => {
    const awkward = [
      'eyJ-',
      'sk-',
      'secret',
      '"password":',
      'password="',
      '-----BEGIN A-----',
      'a',
      '://a:',
      '\\"',
      'Bearer ',
    ];
    for (const piece of awkward) {
      const text = piece.repeat(Math.ceil(200_000 / piece.length));
      const time = (): number => {
        const startedAt = performance.now();
        redact(text, ['own key']);
        return performance.now() - startedAt;
      };
      // One of several: the machine may be busy with something else.
      const tookMs = Math.min(time(), time(), time());
      assert.ok(tookMs < 1_000, `${tookMs} ms for ${JSON.stringify(piece)}`);
    }
  });
});
