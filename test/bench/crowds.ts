/** Clients for the throughput figures: each does one request whenever it is called. */
import type { DirectClient } from './directClient';
import { type ChatMessage, GatewayClient } from './gatewayClient';
import type { GatewayProcess } from './gatewayProcess';
import { checkAnswer, promptFor, shortAnswer } from './turn';

/** The first turn of a conversation opens a session, the others continue it. */
export const turnsPerConversation = 10;

/** So many clients side by side, with one connection each. */
export interface Crowd {
  readonly clients: readonly (() => Promise<unknown>)[];
  /** What is worth saying about their requests so far. */
  readonly note: () => string;
  close(): Promise<void>;
}

/** All on one WebSocket, as the gateway's turns are. */
export function directCrowd(direct: DirectClient, size: number): Crowd {
  return {
    clients: Array.from({ length: size }, () => () => direct.freshTurn(shortAnswer)),
    note: () => '',
    close: () => Promise.resolve(),
  };
}

/** Every request is a new conversation. */
export async function freshCrowd(gateway: GatewayProcess, size: number): Promise<Crowd> {
  const http = await GatewayClient.connect(gateway, size);
  return {
    clients: Array.from({ length: size }, () => () => http.freshTurn(shortAnswer)),
    note: () => '',
    close: () => http.close(),
  };
}

/** Every client holds one conversation after the other. */
export async function talkingCrowd(gateway: GatewayProcess, size: number): Promise<Crowd> {
  const http = await GatewayClient.connect(gateway, size);
  let turns = 0;
  let continued = 0;
  const createClient = () => {
    let messages: ChatMessage[] = [];
    return async (): Promise<void> => {
      if (messages.length >= 2 * turnsPerConversation) messages = [];
      messages.push({ role: 'user', content: promptFor(shortAnswer) });
      const turn = await http.nextTurn(messages);
      checkAnswer(shortAnswer, turn.answer);
      messages.push({ role: 'assistant', content: turn.answer });
      turns++;
      if (turn.continued) continued++;
    };
  };
  return {
    clients: Array.from({ length: size }, createClient),
    note: () => ` (${Math.round((100 * continued) / turns)} % continued)`,
    close: () => http.close(),
  };
}
