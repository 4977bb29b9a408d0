/** “Test the connection”: real turns, as a client would make them, and what came of them. */
import * as vscode from 'vscode';
import { commandIds } from '../ids';
import { complain, inform } from '../notify';
import { testConnection, type TestReport, testSteps } from './connectionTest';
import type { SetupDependencies } from './dependencies';
import { actionTitle, explainTest, renderTestDetails, stepName } from './explainTest';
import { factsForClients } from './facts';
import type { Preview } from './preview';

/** Resolves with what came out, once it is known; undefined when there was no gateway to test. */
export async function runConnectionTest(
  deps: SetupDependencies,
  preview: Preview,
): Promise<TestReport | undefined> {
  const facts = await factsForClients(deps);
  if (!facts) return undefined;
  const { baseUrl, apiKey } = facts;
  const report = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t('Testing the connection'),
      cancellable: true,
    },
    (progress, token) => {
      const cancelled = new AbortController();
      token.onCancellationRequested(() => {
        cancelled.abort();
      });
      const target = { baseUrl, apiKey, model: facts.models[0].id };
      return testConnection(target, cancelled.signal, (step) => {
        progress.report({
          message: stepName(step, vscode.l10n.t),
          increment: 100 / testSteps.length,
        });
      });
    },
  );
  void sayResult(report, baseUrl, preview);
  return report;
}

async function sayResult(report: TestReport, baseUrl: string, preview: Preview): Promise<void> {
  const explanation = explainTest(report, vscode.l10n.t);
  if (!explanation) return;
  const { ok, sentence, action } = explanation;
  const details = vscode.l10n.t('Show Details');
  const next = action && actionTitle(action, vscode.l10n.t);
  const say = ok ? inform : complain;
  const choice = await say(sentence, ...(next === undefined ? [] : [next]), details);
  if (choice === details) {
    await preview.markdown('connection-test', renderTestDetails(report, baseUrl, vscode.l10n.t));
  } else if (action && choice === next) {
    await vscode.commands.executeCommand(commandIds[action]);
  }
}
