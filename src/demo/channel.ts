import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import { type FrameEvent, FrameReader, FrameWriter, type WireShape } from './framing';
import { LineReader } from './lines';

/** A client's bytes, whatever carries them, already cut into messages. */
export interface Channel {
  /** Sends one JSON message. */
  readonly write: (json: string) => void;
  /** Sends a text as it is, without a frame around it. */
  readonly sendRaw: (text: string) => void;
  /** True while more than a megabyte has not been taken by the client. */
  readonly isCongested: () => boolean;
  /** Closes politely, then for good when the client does not answer the close. */
  readonly close: (code: number, reason: string) => void;
  readonly onEvent: (listener: (event: FrameEvent) => void) => void;
  readonly onClose: (listener: () => void) => void;
  readonly onError: (listener: (error: Error) => void) => void;
}

/** More unsent bytes than this hold a turn back. */
const congestion = 1024 * 1024;
const closeGraceMs = 500;

/** The WebSocket of one client (protocol §2). */
export function webSocketChannel(socket: WebSocket, shape: WireShape): Channel {
  const reader = new FrameReader();
  const writer = new FrameWriter((data) => {
    if (socket.readyState === socket.OPEN) socket.send(data);
  }, shape);
  return {
    write: (json) => {
      writer.write(json);
    },
    sendRaw: (text) => {
      if (socket.readyState === socket.OPEN) socket.send(text);
    },
    isCongested: () => socket.bufferedAmount > congestion,
    close: (code, reason) => {
      writer.flush();
      socket.close(code, reason);
      setTimeout(() => {
        socket.terminate();
      }, closeGraceMs).unref();
    },
    onEvent: (listener) => {
      // The default binaryType makes every message one Buffer, text as well as binary.
      socket.on('message', (data: Buffer) => {
        for (const event of reader.push(data)) listener(event);
      });
    },
    onClose: (listener) => void socket.on('close', listener),
    onError: (listener) => void socket.on('error', listener),
  };
}

/** A client of the unix socket, with the same frames as on a WebSocket (protocol §2). */
export function socketChannel(socket: Socket, shape: WireShape): Channel {
  const reader = new FrameReader();
  const writer = new FrameWriter((data) => {
    if (socket.writable) socket.write(data);
  }, shape);
  return {
    write: (json) => {
      writer.write(json);
    },
    sendRaw: (text) => {
      if (socket.writable) socket.write(text);
    },
    isCongested: () => socket.writableLength > congestion,
    close: () => {
      writer.flush();
      socket.end();
      setTimeout(() => {
        socket.destroy();
      }, closeGraceMs).unref();
    },
    onEvent: (listener) => {
      socket.on('data', (data: Buffer) => {
        for (const event of reader.push(data)) listener(event);
      });
    },
    onClose: (listener) => void socket.on('close', listener),
    onError: (listener) => void socket.on('error', listener),
  };
}

/**
 * The one client of an agent on stdin and stdout, a message a line (protocol §4c). With `stray`, a
 * line that is no message comes before each one.
 */
export function lineChannel(input: Readable, output: Writable, stray: boolean): Channel {
  const reader = new LineReader();
  return {
    write: (json) => {
      if (output.writable) output.write(`${stray ? 'demo: not a message\n' : ''}${json}\n`);
    },
    sendRaw: (text) => {
      if (output.writable) output.write(text);
    },
    isCongested: () => output.writableLength > congestion,
    close: () => {
      output.end();
    },
    onEvent: (listener) => {
      input.on('data', (data: Buffer) => {
        for (const event of reader.push(data)) listener(event);
      });
    },
    onClose: (listener) => void input.once('end', listener),
    onError: (listener) => void output.on('error', listener),
  };
}
