/** Every client that can be connected, in the order in which they are offered. */
import { aider } from './aider';
import { claudeCode } from './claudeCode';
import { type Client, type ClientId, clientIds } from './client';
import { cline } from './cline';
import { codex } from './codex';
import { continueDev } from './continueDev';
import { curl } from './curl';
import { envFile } from './envFile';
import { openCode } from './openCode';
import { qwenCode } from './qwenCode';
import { zed } from './zed';

const byId: Readonly<Record<ClientId, Client>> = {
  claudeCode,
  codex,
  openCode,
  continue: continueDev,
  cline,
  aider,
  zed,
  qwenCode,
  envFile,
  curl,
};

export const clients: readonly Client[] = clientIds.map((id) => byId[id]);

/** The client of that id; undefined for anything that is none. */
export function clientOf(id: unknown): Client | undefined {
  return clients.find((client) => client.id === id);
}
