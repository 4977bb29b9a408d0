import { once } from 'node:events';
import { WebSocket } from 'ws';

/** Calls a Lingma process behind the gateway's back, over a connection of its own. */
export async function callLingma(port: number, method: string, params: object): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  await once(socket, 'open');
  for (const [id, call] of [
    { method: 'initialize', params: {} },
    { method, params },
  ].entries()) {
    const body = JSON.stringify({ jsonrpc: '2.0', id, ...call });
    socket.send(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    const [reply] = (await once(socket, 'message')) as [Buffer];
    if (reply.includes('"error"')) throw new Error(reply.toString());
  }
  socket.close();
  await once(socket, 'close');
}
