import assert from 'node:assert/strict';
import { testConnection } from '../../src/vscode/setup/connectionTest';
import { HeadlessGateway } from '../support/headless';

describe('the connection test against a real gateway', () => {
  let gateway: HeadlessGateway;

  before(async () => {
    gateway = await HeadlessGateway.launch();
  });
  after(() => gateway.stop());

  const signal = new AbortController().signal;

  it('gets an answer in every dialect and continues a session', async () => {
    const { baseUrl, apiKey } = gateway;
    const steps: string[] = [];
    const report = await testConnection({ baseUrl, apiKey, model: 'org_auto' }, signal, (step) => {
      steps.push(step);
    });
    assert.equal(report.failure, undefined);
    assert.deepEqual(steps, ['chat', 'continuation', 'responses', 'messages']);
    assert.equal(report.turns[0]?.reuse, 'new');
    assert.equal(report.turns[1]?.reuse, 'continued');
    for (const { ttftMs, totalMs, answer } of report.turns) {
      assert.ok(ttftMs > 0 && ttftMs <= totalMs);
      assert.ok(answer.length > 0);
    }
  });

  it('reports a wrong key and a model that is not there', async () => {
    const { baseUrl, apiKey } = gateway;
    const wrongKey = await testConnection({ baseUrl, apiKey: 'no', model: 'org_auto' }, signal);
    const { failure } = wrongKey;
    assert.ok(failure?.kind === 'refused');
    assert.equal(failure.code, 'invalid_api_key');
    const wrongModel = await testConnection({ baseUrl, apiKey, model: 'nobody' }, signal);
    assert.ok(wrongModel.failure?.kind === 'refused');
    assert.equal(wrongModel.failure.code, 'model_not_found');
  });
});
