/** Answers `@lingma` in VS Code's Chat view, through the same turns and sessions as every client. */
import * as vscode from 'vscode';
import { cancelled, toGatewayError } from '../../base/errors';
import { defaultModel } from '../../gateway/models';
import type { Logger } from '../../observe/log';
import type { GatewayController } from '../controller';
import { chatVendor, internalCommandIds, storageKeys } from '../ids';
import { escapeMarkdown } from '../markdown';
import { notServing } from '../notServing';
import { Answer } from './answer';
import { composeMessage } from './attachments';
import {
  exchangeMetadata,
  exchangesOf,
  type HistoryTurn,
  type ParticipantCommand,
  toMessages,
} from './conversation';
import { type Followup, followupsFor, type ResultKind, resultMetadata } from './followups';
import { modelCalled, modelFor } from './modelChoice';
import { type Step, stepsAfter } from './nextSteps';
import { PictureShelf } from './pictureShelf';
import { readReferences } from './references';
import { statusReport } from './statusReport';

export interface ParticipantDependencies {
  readonly controller: GatewayController;
  readonly logger: Logger;
  /** Remembers the model that `/model` chose, for this workspace. */
  readonly memory: vscode.Memento;
}

/** How long `/status` waits for the list of models, in milliseconds. */
const STATUS_MODELS_MS = 3_000;

type Gateway = NonNullable<GatewayController['serving']>;
type Models = Awaited<ReturnType<Gateway['models']>>;

/** The participant's mind; `register.ts` builds it when it is first spoken to. */
export class Participant {
  readonly #controller: GatewayController;
  readonly #logger: Logger;
  readonly #memory: vscode.Memento;
  readonly #pictures = new PictureShelf();

  constructor({ controller, logger, memory }: ParticipantDependencies) {
    this.#controller = controller;
    this.#logger = logger.child('participant');
    this.#memory = memory;
  }

  /** Answers one request. Never rejects: what fails is the result's `errorDetails`. */
  async handle(
    request: vscode.ChatRequest,
    context: vscode.ChatContext,
    stream: vscode.ChatResponseStream,
    token: vscode.CancellationToken,
  ): Promise<vscode.ChatResult> {
    const abort = new AbortController();
    const onCancel = (): void => {
      abort.abort(cancelled());
    };
    const subscription = token.onCancellationRequested(onCancel);
    if (token.isCancellationRequested) onCancel();
    try {
      switch (request.command as ParticipantCommand | undefined) {
        case 'status':
          return await this.#status(request, stream, abort.signal);
        case 'model':
          return await this.#model(request, stream, abort.signal);
        case 'new':
          if (request.prompt.trim()) return await this.#answer(request, [], stream, abort.signal);
          stream.markdown(
            vscode.l10n.t('A new conversation begins here. What was said above is left out.'),
          );
          return { metadata: resultMetadata('new') };
        case undefined:
          return await this.#answer(request, context.history, stream, abort.signal);
      }
    } catch (thrown) {
      return this.#failure(thrown, stream);
    } finally {
      subscription.dispose();
    }
  }

  followups(result: vscode.ChatResult): Followup[] {
    return followupsFor(result.metadata, vscode.l10n.t);
  }

  /** What the buttons of `/model` do: a model for this workspace, in the picker as well. */
  async useModel(id: unknown): Promise<void> {
    if (typeof id !== 'string') return;
    if (!this.#controller.serving) await this.#controller.start();
    const { serving, state } = this.#controller;
    if (!serving) throw notServing(state);
    const models = await serving.models(new AbortController().signal);
    const model = models.find((each) => each.id === id);
    if (!model) return;
    await this.#choose(model);
    vscode.window.setStatusBarMessage(`$(check) ${chosenText(model)}`, 5000);
  }

  async #answer(
    request: vscode.ChatRequest,
    history: readonly HistoryTurn[],
    stream: vscode.ChatResponseStream,
    signal: AbortSignal,
  ): Promise<vscode.ChatResult> {
    const gateway = await this.#gateway(stream);
    const read = await readReferences(request.references, vscode.window.activeTextEditor);
    const composed = composeMessage(
      request.prompt,
      read.map(({ attachment }) => attachment),
      vscode.l10n.t,
    );
    for (const { place } of read) if (place) stream.reference(place);
    for (const sentence of composed.leftOut) {
      stream.markdown(`> ${escapeMarkdown(sentence)}\n\n`);
    }
    const model = this.#modelFor(request, await gateway.models(signal));
    const messages = toMessages(exchangesOf(history), this.#pictures, composed);
    const answer = new Answer(stream, vscode.l10n.t);
    const pictures = composed.images.map(({ url }) => this.#pictures.put(url));
    const metadata = () =>
      // Half an answer is what the user saw; none at all leaves nothing to go on from.
      answer.text.trim()
        ? exchangeMetadata({ user: composed.user, pictures, answer: answer.text })
        : resultMetadata('failed');
    try {
      const turn = { model: model.id, messages, tools: [], toolChoice: { mode: 'auto' } } as const;
      await answer.follow(gateway.chat(turn, signal));
      return { metadata: metadata() };
    } catch (thrown) {
      return { ...this.#failure(thrown, stream), metadata: metadata() };
    }
  }

  async #status(
    request: vscode.ChatRequest,
    stream: vscode.ChatResponseStream,
    signal: AbortSignal,
  ): Promise<vscode.ChatResult> {
    // The state is told even if Lingma does not say which models it has.
    const limit = AbortSignal.any([signal, AbortSignal.timeout(STATUS_MODELS_MS)]);
    const models = await this.#controller.serving?.models(limit).catch(() => undefined);
    signal.throwIfAborted();
    const model = models && this.#modelFor(request, models);
    const report = statusReport(this.#controller.state, model?.name, vscode.l10n.t);
    stream.markdown(report.markdown);
    showSteps(stream, report.steps);
    return { metadata: resultMetadata('status') };
  }

  async #model(
    request: vscode.ChatRequest,
    stream: vscode.ChatResponseStream,
    signal: AbortSignal,
  ): Promise<vscode.ChatResult> {
    const models = await (await this.#gateway(stream)).models(signal);
    const typed = request.prompt.trim();
    const called = typed ? modelCalled(typed, models) : undefined;
    const metadata = resultMetadata('model');
    if (called) {
      await this.#choose(called);
      stream.markdown(escapeMarkdown(chosenText(called)));
      return { metadata };
    }
    const now = this.#modelFor(request, models);
    if (typed) {
      const sentence = vscode.l10n.t('There is no model called {0}.', typed);
      stream.markdown(`${escapeMarkdown(sentence)}\n\n`);
    }
    const sentence = vscode.l10n.t('{0} answers. Choose another one:', now.name);
    stream.markdown(escapeMarkdown(sentence));
    for (const { id, name } of models) {
      if (id === now.id) continue;
      stream.button({ command: internalCommandIds.useModel, title: name, arguments: [id] });
    }
    return { metadata };
  }

  #modelFor({ model: picked }: vscode.ChatRequest, models: Models): Models[number] {
    const chosen = this.#memory.get<string>(storageKeys.chatModel);
    return modelFor({ picked, chosen, vendor: chatVendor }, models, defaultModel(models));
  }

  async #choose({ id }: Models[number]): Promise<void> {
    await this.#memory.update(storageKeys.chatModel, id);
    try {
      // The picker goes before the memory, so it has to agree where it shows one of our models.
      await vscode.commands.executeCommand('workbench.action.chat.changeModel', {
        vendor: chatVendor,
        id,
        family: id,
      });
    } catch (error) {
      this.#logger.log('debug', `the model picker stays as it is: ${String(error)}`);
    }
  }

  /** The gateway; who asks it something has it started. Throws what keeps it from running. */
  async #gateway(stream: vscode.ChatResponseStream): Promise<Gateway> {
    if (!this.#controller.serving) {
      stream.progress(vscode.l10n.t('Starting Lingma Gateway…'));
      await this.#controller.start();
    }
    const { serving, state } = this.#controller;
    if (!serving) throw notServing(state);
    return serving;
  }

  #failure(thrown: unknown, stream: vscode.ChatResponseStream): vscode.ChatResult {
    const error = toGatewayError(thrown);
    const metadata = resultMetadata('failed' satisfies ResultKind);
    if (error.code === 'cancelled') return { metadata };
    if (error.cause instanceof Error) this.#logger.log('error', error.cause.stack ?? String(error));
    showSteps(stream, stepsAfter(error.code, vscode.l10n.t));
    return { metadata, errorDetails: { message: error.message } };
  }
}

function showSteps(stream: vscode.ChatResponseStream, steps: readonly Step[]): void {
  for (const { command, title, arguments: args = [] } of steps) {
    stream.button({ command, title, arguments: args });
  }
}

function chosenText({ name }: Models[number]): string {
  return vscode.l10n.t('{0} answers from now on.', name);
}
