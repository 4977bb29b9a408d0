/**
 * Lingma's models in VS Code's own chat, and for other extensions through `vscode.lm`. One more way
 * into the same turns as the HTTP dialects, on the same sessions.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../base/disposable';
import { cancelled, type GatewayError, toGatewayError } from '../base/errors';
import type { TokenCounter } from '../conversation/tokens';
import { defaultModel } from '../gateway/models';
import {
  chatInformation,
  type ChatModel,
  knownModels,
  modelSource,
  readKnownModels,
  STAND_IN,
} from './chatModels';
import { countTokens, type PartClasses, toResponsePart, toTurnRequest } from './chatMessages';
import type { GatewayController } from './controller';
import { chatVendor, storageKeys } from './ids';
import { notServing } from './notServing';

type Gateway = NonNullable<GatewayController['serving']>;

/** `vscode.LanguageModelThinkingPart` is a proposal, so the types do not have it. */
const { LanguageModelThinkingPart: ThinkingPart } = vscode as {
  readonly LanguageModelThinkingPart?: new (value: string) => vscode.LanguageModelTextPart;
};

const classes: PartClasses<vscode.LanguageModelResponsePart> = {
  text: vscode.LanguageModelTextPart,
  toolCall: vscode.LanguageModelToolCallPart,
  thinking: ThinkingPart,
};

/**
 * Offers the models of the gateway: those there are, or while it does not serve those there were, so
 * that a choice in the picker lasts and a request may start it.
 */
export class ChatProvider implements vscode.LanguageModelChatProvider, Disposable {
  readonly #controller: GatewayController;
  readonly #tokens: TokenCounter;
  readonly #memory: vscode.Memento;
  readonly #store = new DisposableStore();
  readonly #changed = this.#store.add(new vscode.EventEmitter<void>());
  #source: string;

  readonly onDidChangeLanguageModelChatInformation = this.#changed.event;

  /** @param memory Remembers the models for the next window. */
  constructor(controller: GatewayController, tokens: TokenCounter, memory: vscode.Memento) {
    this.#controller = controller;
    this.#tokens = tokens;
    this.#memory = memory;
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

  /** The models; when somebody asks for them in person, the gateway is started first. */
  async provideLanguageModelChatInformation(
    { silent }: vscode.PrepareLanguageModelChatModelOptions,
    token: vscode.CancellationToken,
  ): Promise<vscode.LanguageModelChatInformation[]> {
    if (!silent) await this.#controller.start();
    const gateway = this.#controller.serving;
    const { state } = this.#controller;
    const known = readKnownModels(this.#memory.get(storageKeys.chatModels));
    if (!gateway || state.kind !== 'ready') {
      return known.map((model) => chatInformation(model, 'notRunning', vscode.l10n.t));
    }
    const note = state.snapshot.demo ? 'demo' : undefined;
    return withSignal(token, async (signal) => {
      // A Lingma that does not say which models it has says why to whoever asks one of them.
      const models = await gateway.models(signal).catch(() => undefined);
      signal.throwIfAborted();
      if (models) await this.#remember(knownModels(models));
      return (models ?? known).map((model) => chatInformation(model, note, vscode.l10n.t));
    });
  }

  /**
   * Runs a turn with the user's own key, so that it shares the sessions of their HTTP clients. Starts
   * the gateway when it does not run: VS Code wants requests to be what a user asked for.
   */
  async provideLanguageModelChatResponse(
    { id }: vscode.LanguageModelChatInformation,
    messages: readonly vscode.LanguageModelChatRequestMessage[],
    { tools = [], toolMode }: vscode.ProvideLanguageModelChatResponseOptions,
    progress: vscode.Progress<vscode.LanguageModelResponsePart>,
    token: vscode.CancellationToken,
  ): Promise<void> {
    const toolRequired = toolMode === vscode.LanguageModelChatToolMode.Required;
    await withSignal(token, async (signal) => {
      const asked = toTurnRequest({ model: id, messages, tools, toolRequired }, isThought);
      const gateway = await this.#serving();
      const request = { ...asked, model: await modelIn(gateway, id, signal) };
      for await (const event of gateway.chat(request, signal)) {
        const part = toResponsePart(event, classes);
        if (part) progress.report(part);
      }
    });
  }

  async provideTokenCount(
    _model: vscode.LanguageModelChatInformation,
    value: string | vscode.LanguageModelChatRequestMessage,
  ): Promise<number> {
    await this.#tokens.ready();
    return countTokens(value, isThought, this.#tokens);
  }

  dispose(): void {
    this.#store.dispose();
  }

  async #serving(): Promise<Gateway> {
    if (!this.#controller.serving) await this.#controller.start();
    const { serving, state } = this.#controller;
    if (!serving) throw notServing(state);
    return serving;
  }

  async #remember(models: ChatModel[]): Promise<void> {
    const known = readKnownModels(this.#memory.get(storageKeys.chatModels));
    if (JSON.stringify(known) === JSON.stringify(models)) return;
    await this.#memory.update(storageKeys.chatModels, models);
  }
}

/** The model's own id, or the default's where the stand-in was picked. */
async function modelIn(gateway: Gateway, id: string, signal: AbortSignal): Promise<string> {
  if (id !== STAND_IN.id) return id;
  const models = await gateway.models(signal);
  return models.some((model) => model.id === id) ? id : defaultModel(models).id;
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
