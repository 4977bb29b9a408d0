import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { testConnection, type TestReport } from '../../../../src/vscode/setup/connectionTest';
import { explainTest, renderTestDetails } from '../../../../src/vscode/setup/explainTest';
import { t } from '../support';

/** Runs the test against a server that answers as told. */
async function against(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  signal = new AbortController().signal,
): Promise<TestReport> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address);
  try {
    const baseUrl = `http://127.0.0.1:${address.port}`;
    return await testConnection({ baseUrl, apiKey: 'k', model: 'm' }, signal);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function events(response: ServerResponse, ...data: readonly (object | string)[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const item of data) {
    response.write(`data: ${typeof item === 'string' ? item : JSON.stringify(item)}\n\n`);
  }
  response.end();
}

const words = (content: string): object => ({ choices: [{ delta: { content } }] });

describe('testConnection', () => {
  it('names what the gateway refused, in the gateway’s words', async () => {
    const report = await against((_, response) => {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"error":{"message":"There is no model \\"m\\".","code":"model_not_found"}}');
    });
    assert.deepEqual(report, {
      model: 'm',
      turns: [],
      failure: {
        step: 'chat',
        kind: 'refused',
        code: 'model_not_found',
        message: 'There is no model "m".',
      },
    });
  });

  it('takes an error in the middle of an answer for one', async () => {
    const report = await against((_, response) => {
      events(response, words('Hel'), { error: { message: 'Sign in.', code: 'upstream_auth' } });
    });
    assert.equal(report.failure?.kind, 'refused');
    const explained = explainTest(report, t);
    assert.equal(explained?.action, 'signIn');
  });

  it('takes no answer without an end, and none without words', async () => {
    const cut = await against((_, response) => {
      events(response, words('Hel'));
    });
    assert.equal(cut.failure?.kind, 'malformed');
    const empty = await against((_, response) => {
      events(response, '[DONE]');
    });
    assert.equal(empty.failure?.kind, 'malformed');
  });

  it('says where it stopped, and keeps what went well', async () => {
    const report = await against((request, response) => {
      if (request.url === '/v1/chat/completions') events(response, words('Hi'), '[DONE]');
      else response.writeHead(500).end('no JSON');
    });
    assert.deepEqual(
      report.turns.map(({ step, answer }) => [step, answer]),
      [
        ['chat', 'Hi'],
        ['continuation', 'Hi'],
      ],
    );
    assert.deepEqual(report.failure, {
      step: 'responses',
      kind: 'refused',
      code: '500',
      message: 'HTTP 500',
    });
  });

  it('tells a gateway that is not there from one that refuses', async () => {
    const report = await testConnection(
      { baseUrl: 'http://127.0.0.1:9', apiKey: 'k', model: 'm' },
      new AbortController().signal,
    );
    assert.equal(report.failure?.kind, 'unreachable');
    assert.equal(explainTest(report, t)?.action, 'restart');
  });

  it('ends when the user does not want to wait', async () => {
    const cancelled = new AbortController();
    const report = await against(() => {
      cancelled.abort();
    }, cancelled.signal);
    assert.equal(report.failure?.kind, 'cancelled');
    assert.equal(explainTest(report, t), undefined);
  });
});

describe('the result of a connection test', () => {
  const turn = { ttftMs: 12.4, totalMs: 40, reuse: 'new', answer: 'Hi [x](y)' } as const;

  it('says whether the second message continued its session', () => {
    const report = (reuse: string): TestReport => ({
      model: 'm',
      turns: [
        { ...turn, step: 'chat' },
        { ...turn, step: 'continuation', reuse },
      ],
    });
    const good = explainTest(report('continued'), t);
    assert.equal(good?.ok, true);
    assert.match(good.sentence, /m began to answer after 12 ms.* continued its session/);
    assert.match(explainTest(report('new'), t)?.sentence ?? '', /did not continue/);
  });

  it('has a next step for each failure', () => {
    const action = (code: string): string | undefined =>
      explainTest(
        { model: 'm', turns: [], failure: { step: 'chat', kind: 'refused', code, message: 'x' } },
        t,
      )?.action;
    assert.equal(action('invalid_api_key'), 'restart');
    assert.equal(action('upstream_auth'), 'signIn');
    assert.equal(action('no_instance'), 'openPanel');
    assert.equal(action('model_not_found'), 'showLog');
  });

  it('shows the details without markup of the answers', () => {
    const text = renderTestDetails(
      {
        model: 'm',
        turns: [{ ...turn, step: 'chat' }],
        failure: { step: 'continuation', kind: 'malformed', message: 'cut' },
      },
      'http://127.0.0.1:1',
      t,
    );
    assert.match(text, /\| Chat Completions \| 12 ms \| 40 ms \| new \|/);
    assert.ok(text.includes(String.raw`Hi \[x\]\(y\)`), text);
    assert.match(text, /Failed: Chat Completions, second message/);
  });
});
