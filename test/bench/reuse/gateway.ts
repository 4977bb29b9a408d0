/** What the bench asks of a gateway, whether it runs or is a model of one. */
import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionMessageParam,
  ChatCompletionTool,
} from 'openai/resources/chat/completions';

/** One request of a client. */
export interface Turn {
  /** The client whose API key it comes with; the gateway's own key if absent. */
  readonly caller?: string;
  readonly messages: readonly ChatCompletionMessageParam[];
  readonly model: string;
  readonly tools: readonly ChatCompletionTool[];
  readonly stream: boolean;
}

export interface Reply {
  readonly message: ChatCompletionAssistantMessageParam;
  /** The instance that answered; empty for a model. */
  readonly instance: string;
  /** What the gateway said of the session it used; empty for a model. */
  readonly placement: string;
}

/** A turn that was answered. */
export interface Exchange {
  readonly turn: Turn;
  readonly reply: Reply;
}

export interface Verdict {
  /** (What the session held) + (what was sent) = exactly the client's conversation. */
  readonly faithful: boolean;
  /** An existing session was continued. */
  readonly reused: boolean;
  /** What was held and sent; undefined when the answer came from nowhere. */
  readonly received: readonly string[] | undefined;
}

export interface Judgement {
  /** One for each exchange, in their order. */
  readonly verdicts: readonly Verdict[];
  /** What must never happen, whatever the verdicts say. */
  readonly violations: readonly string[];
}

export interface Gateway {
  /** Throws when the turn fails. */
  send(turn: Turn): Promise<Reply>;
  /** To be asked once all turns are over. */
  judge(exchanges: readonly Exchange[]): Promise<Judgement>;
  stop(): Promise<void>;
}
