import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import {
  agentEnvironment,
  lingmaEnvironment,
  nodeEnvironment,
} from '../../../src/lingma/environment';

describe('lingma/environment', () => {
  const ours = [
    'LINGMA_GATEWAY_API_KEY',
    'LINGMA_GATEWAY_CLIENT_KEYS',
    'Lingma_Gateway_Api_Key',
    'VSCODE_PID',
    'ELECTRON_NO_ASAR',
    'NODE_OPTIONS',
  ];
  const others = ['OPENAI_API_KEY', 'AWS_SECRET_ACCESS_KEY', 'GITHUB_TOKEN', 'MY_VSCODE_SETTING'];
  const needed = ['PATH', 'LC_ALL', 'https_proxy', 'SystemRoot', 'DEMO_LINGMA_RECORD'];
  /** Those that were not there, and are not to be there for other files of this process. */
  let added: readonly string[];

  beforeEach(() => {
    added = [...ours, ...others, ...needed].filter((name) => process.env[name] === undefined);
    for (const name of added) process.env[name] = 'set';
  });
  afterEach(() => {
    for (const name of added) Reflect.deleteProperty(process.env, name);
  });

  const reaches = (environment: NodeJS.ProcessEnv, names: readonly string[]) =>
    names.filter((name) => environment[name] !== undefined);

  for (const environment of [lingmaEnvironment, nodeEnvironment]) {
    it(`${environment.name} has what Lingma needs, and nothing else`, () => {
      assert.deepEqual(reaches(environment(), needed), needed);
      assert.deepEqual(reaches(environment(), [...ours, ...others]), []);
    });

    it(`${environment.name} has what is named, but never what is ours`, () => {
      const named = environment(['openai_api_key', 'AWS_*', ...ours]);
      assert.deepEqual(reaches(named, others), ['OPENAI_API_KEY', 'AWS_SECRET_ACCESS_KEY']);
      assert.deepEqual(reaches(named, ours), []);
      assert.deepEqual(reaches(environment(['*']), [...others, ...ours]), others);
    });
  }

  it('an agent finds its own keys, and none of ours', () => {
    assert.deepEqual(reaches(agentEnvironment(), [...needed, ...others]), [...needed, ...others]);
    assert.deepEqual(reaches(agentEnvironment(), ours), []);
  });

  it('our own scripts run on Electron as on Node', () => {
    assert.equal(nodeEnvironment()['ELECTRON_RUN_AS_NODE'], '1');
    assert.equal(lingmaEnvironment()['ELECTRON_RUN_AS_NODE'], undefined);
  });
});
