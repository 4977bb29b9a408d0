import { encodeFrame, FrameDecoder } from '../../src/lingma/framing';
import type { MessageSocket } from '../../src/lingma/rpc';

/** One JSON-RPC message as it stood on the wire. */
export interface WireMessage {
  readonly jsonrpc?: string;
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** The process's end of a connection: records what the client sends, says what the test wants. */
export class FakeSocket implements MessageSocket {
  /** Raw messages, each the text of one WebSocket message. */
  readonly frames: string[] = [];
  closeCalls = 0;
  #onMessage: (data: string | Uint8Array) => void = () => undefined;
  #onClose: (reason: string) => void = () => undefined;

  send(text: string): void {
    this.frames.push(text);
  }

  close(): void {
    this.closeCalls++;
  }

  onMessage(listener: (data: string | Uint8Array) => void): void {
    this.#onMessage = listener;
  }

  onClose(listener: (reason: string) => void): void {
    this.#onClose = listener;
  }

  /** Everything the client has sent, decoded. */
  get sent(): WireMessage[] {
    const decoder = new FrameDecoder();
    return this.frames
      .flatMap((frame) => [...decoder.read(frame)])
      .map((json) => JSON.parse(json) as WireMessage);
  }

  /** What the client has sent with this method. */
  calls(method: string): WireMessage[] {
    return this.sent.filter((message) => message.method === method);
  }

  /** The process sends a message. */
  say(message: object): void {
    this.deliver(encodeFrame(JSON.stringify({ jsonrpc: '2.0', ...message })));
  }

  /** Raw data arrives, framed or not. */
  deliver(data: string | Uint8Array): void {
    this.#onMessage(data);
  }

  /** The connection is lost. */
  lose(reason = 'gone'): void {
    this.#onClose(reason);
  }
}
