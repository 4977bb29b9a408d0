/**
 * Lingma's models in VS Code's own chat, and for other extensions through `vscode.lm`. One more way
 * into the same turns as the HTTP dialects, on the same sessions.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../base/disposable';
import { cancelled, GatewayError, toGatewayError } from '../base/errors';
import { chatInformation, modelSource } from './chatModels';
import { countTokens, type PartClasses, toResponsePart, toTurnRequest } from './chatMessages';
import type { GatewayController } from './controller';
import { chatVendor } from './ids';

/** `vscode.LanguageModelThinkingPart` is a proposal, so the types do not have it. */
const { LanguageModelThinkingPart: ThinkingPart } = vscode as {
  readonly LanguageModelThinkingPart?: new (value: string) => vscode.LanguageModelTextPart;
};

const classes: PartClasses<vscode.LanguageModelResponsePart> = {
  text: vscode.LanguageModelTextPart,
  toolCall: vscode.LanguageModelToolCallPart,
  thinking: ThinkingPart,
};

/** Offers the models while the gateway serves. */
export class ChatProvider implements vscode.LanguageModelChatProvider, Disposable {
  readonly #controller: GatewayController;
  readonly #store = new DisposableStore();
  readonly #changed = this.#store.add(new vscode.EventEmitter<void>());
  #source: string;

  readonly onDidChangeLanguageModelChatInformation = this.#changed.event;

  constructor(controller: GatewayController) {
    this.#controller = controller;
    this.#source = modelSource(controller.state);
    this.#store.add(
      controller.onDidChange((state) => {
        const source = modelSource(state);
        if (source === this.#source) return;
        this.#source = source;
        this.#changed.fire();
      }),
    );
    this.#store.add(vscode.lm.registerLanguageModelChatProvider(chatVendor, this));
  }

  /** The models of the running gateway. Only somebody who asks in person has it started. */
  async provideLanguageModelChatInformation(
    { silent }: vscode.PrepareLanguageModelChatModelOptions,
    token: vscode.CancellationToken,
  ): Promise<vscode.LanguageModelChatInformation[]> {
    if (!silent) await this.#controller.start();
    const gateway = this.#controller.serving;
    const { state } = this.#controller;
    if (!gateway || state.kind !== 'ready') return [];
    return withSignal(token, async (signal) => {
      const models = await gateway.models(signal);
      return models.map((model) => chatInformation(model, state.snapshot.demo, vscode.l10n.t));
    });
  }

  /** Runs a turn with the user's own key, so that it shares the sessions of their HTTP clients. */
  async provideLanguageModelChatResponse(
    { id: model }: vscode.LanguageModelChatInformation,
    messages: readonly vscode.LanguageModelChatRequestMessage[],
    { tools = [], toolMode }: vscode.ProvideLanguageModelChatResponseOptions,
    progress: vscode.Progress<vscode.LanguageModelResponsePart>,
    token: vscode.CancellationToken,
  ): Promise<void> {
    const toolRequired = toolMode === vscode.LanguageModelChatToolMode.Required;
    await withSignal(token, async (signal) => {
      const gateway = this.#controller.serving;
      if (!gateway) throw notRunning();
      const request = toTurnRequest({ model, messages, tools, toolRequired }, isThought);
      for await (const event of gateway.chat(request, signal)) {
        const part = toResponsePart(event, classes);
        if (part) progress.report(part);
      }
    });
  }

  provideTokenCount(
    _model: vscode.LanguageModelChatInformation,
    value: string | vscode.LanguageModelChatRequestMessage,
  ): Promise<number> {
    return Promise.resolve(countTokens(value, isThought));
  }

  dispose(): void {
    this.#store.dispose();
  }
}

function isThought(part: unknown): boolean {
  return ThinkingPart !== undefined && part instanceof ThinkingPart;
}

/** Runs `work` with a signal that aborts with the token; what it throws is made VS Code's. */
async function withSignal<T>(
  token: vscode.CancellationToken,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const onCancel = (): void => {
    abort.abort(cancelled());
  };
  const subscription = token.onCancellationRequested(onCancel);
  if (token.isCancellationRequested) onCancel();
  try {
    return await work(abort.signal);
  } catch (thrown) {
    throw toChatError(toGatewayError(thrown));
  } finally {
    subscription.dispose();
  }
}

/** VS Code's own errors where it has a fitting one; any other keeps our message and code. */
function toChatError(error: GatewayError): Error {
  switch (error.code) {
    case 'cancelled':
      return new vscode.CancellationError();
    case 'model_not_found':
      return vscode.LanguageModelError.NotFound(error.message);
    case 'upstream_auth':
      return vscode.LanguageModelError.NoPermissions(error.message);
    case 'upstream_rate_limit':
      return vscode.LanguageModelError.Blocked(error.message);
    default:
      return error;
  }
}

function notRunning(): GatewayError {
  return new GatewayError({
    code: 'no_instance',
    status: 503,
    message:
      'The gateway is not running. Start it with the command "Lingma Gateway: Start Gateway".',
    retryable: true,
  });
}
