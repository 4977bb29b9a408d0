/**
 * The real clients, from npm, against the built launcher with the demo Lingma behind it
 * (`npm run test:conformance`). What works is the table of docs/compat.md.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { exitOnSignals } from '../../scripts/vscode/processes.mjs';
import { describeCli } from './cli/suite';
import { claudeCodeClient } from './cli/claudeCode';
import { codexClient } from './cli/codex';
import { openCodeClient } from './cli/openCode';
import { qwenCodeClient } from './cli/qwenCode';
import { CompatTable } from './compatTable';
import { anthropicClient } from './sdk/anthropic';
import { langChainClients } from './sdk/langchain';
import { openAiChatClient } from './sdk/openaiChat';
import { openAiResponsesClient } from './sdk/openaiResponses';
import { describeSdk } from './sdk/suite';
import { vercelClients } from './sdk/vercel';

// The agents lead process groups of their own, so they end only where this process does.
exitOnSignals();

const UPDATE_VARIABLE = 'LINGMA_CONFORMANCE_UPDATE';

describe('conformance', () => {
  const table = new CompatTable();

  for (const sdk of [
    openAiChatClient,
    openAiResponsesClient,
    anthropicClient,
    ...vercelClients,
    ...langChainClients,
  ]) {
    describeSdk(sdk, table.add(sdk));
  }
  for (const cli of [claudeCodeClient, codexClient, openCodeClient, qwenCodeClient]) {
    describeCli(cli, table.add(cli));
  }

  // In a suite of its own, as mocha runs the tests of a suite before the suites inside it.
  describe('the table', () => {
    it('docs/compat.md says what this run has shown', async () => {
      const shown = await table.render();
      assert.doesNotMatch(shown, /✗/, 'not everything has been seen to work');
      if (process.env[UPDATE_VARIABLE]) await table.write();
      assert.equal(
        await table.committed(),
        shown,
        'run `npm run test:conformance -- --update` and look at what has changed',
      );
    });
  });
});
