/** What is driven through the gateways: the rows of session-reuse §2, and what agents add to them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LaunchOptions } from '../../support/headless';
import { Chat, type Chatter, type Habits } from './chat';
import type { Client } from './client';
import type { IdealCache, Limits } from './ideal';
import { ImageChats } from './imageChats';
import { type OurGateway, SECOND_CLIENT } from './ours';
import { PairOfChats } from './pairOfChats';
import type { Random } from './random';
import { ToolChat } from './toolChat';

type Disturbance = (round: number, gateway: OurGateway, ideal: IdealCache) => Promise<void>;

export interface Workload {
  readonly name: string;
  readonly chats: number;
  readonly rounds: number;
  /** Chats that are served at once. */
  readonly width: number;
  readonly limits: Limits;
  readonly launch: LaunchOptions;
  /** Whether the models run it too: they know nothing of processes and limits. */
  readonly models: boolean;
  chat(name: string, client: Client, random: Random): Chatter;
  /** What happens to the gateway before a round … */
  readonly before?: Disturbance;
  /** … and while it runs. */
  readonly during?: Disturbance;
  /** Whether turns may fail before they are sent again. */
  readonly mayFail?: boolean;
}

const PLAIN: Habits = {
  touchesAnswers: false,
  untrimmedAnswers: false,
  sameOpening: false,
  regenerates: 0,
  edits: 0,
  forks: 0,
  switchesModel: 0,
  compactsEvery: 0,
};
/** In all rows of §2 but the first, clients trim. */
const TRIMMING: Habits = { ...PLAIN, touchesAnswers: true };
const MIXED: Habits = {
  ...TRIMMING,
  sameOpening: true,
  regenerates: 0.1,
  edits: 0.075,
  forks: 0.15,
};
/** Answers are scripted, so that those of two chats are the same as well. */
const TWINS: Habits = { ...TRIMMING, untrimmedAnswers: true };
const TTL_MS = 1_000;
const SESSION_MAX = 8;
const TOOL_STEPS = 30;
/** By then turns of the round are running: some wait for their answer, some are in it. */
const MID_TURN_MS = 5;

function talk(name: string, habits: Habits, changes: Partial<Workload> = {}): Workload {
  return {
    name,
    chats: 50,
    rounds: 12,
    width: 8,
    limits: { max: 256, ttlMs: 0 },
    launch: { flags: ['--instances', '2'] },
    models: true,
    chat: (chatName, client, random) => new Chat(chatName, client, random, habits),
    ...changes,
  };
}

/** All workloads, with so many chats and rounds as `scale` leaves. */
export function workloads(scale: number): Workload[] {
  const all = [
    talk('linear', PLAIN),
    talk('client trims assistant text', { ...TRIMMING, untrimmedAnswers: true }),
    talk('chats open with the same words', { ...TRIMMING, sameOpening: true }),
    talk('regenerate the last answer (20 %)', { ...TRIMMING, regenerates: 0.2 }),
    talk('edit an earlier message (15 %)', { ...TRIMMING, edits: 0.15 }),
    talk('two requests at once (30 %)', { ...TRIMMING, forks: 0.3 }),
    talk('all of it mixed', MIXED),
    talk('tool loop, parallel calls', TRIMMING, {
      chats: 10,
      rounds: TOOL_STEPS,
      chat: (name, client, random) =>
        new ToolChat(name, client, {
          steps: TOOL_STEPS,
          resultLength: 200,
          stream: random.chance(0.5),
        }),
    }),
    talk('two API keys, identical text', TWINS, {
      chats: 25,
      chat: (name, client, random) =>
        new PairOfChats(name, client, random, TWINS, SECOND_CLIENT.name),
    }),
    talk('image turns, chats of the same words', TRIMMING, {
      chats: 25,
      chat: (name, client, random) => new ImageChats(name, client, random),
    }),
    talk('client compacts every 4 turns', { ...TRIMMING, compactsEvery: 4 }, { chats: 20 }),
    talk('model switch in mid-conversation', { ...TRIMMING, switchesModel: 0.3 }, { chats: 20 }),
    talk('crash in mid-workload (kill -9)', MIXED, {
      chats: 20,
      models: false,
      mayFail: true,
      launch: {
        flags: ['--instances', '2'],
        env: { DEMO_LINGMA_DELAY_MS: '8', DEMO_LINGMA_GAP_MS: '2' },
      },
      before: async (round, gateway, ideal) => {
        if (round === 2 || round === 6) await crash(round, gateway, ideal);
      },
      during: async (round, gateway, ideal) => {
        if (round !== 4 && round !== 8) return;
        await sleep(MID_TURN_MS);
        await crash(round, gateway, ideal);
      },
    }),
    talk(`sessions expire (--session-ttl ${TTL_MS / 1000})`, MIXED, {
      chats: 10,
      models: false,
      limits: { max: 256, ttlMs: TTL_MS },
      launch: { flags: ['--session-ttl', String(TTL_MS / 1000)] },
      // People are away for longer than sessions live, now and then.
      before: async (round) => {
        if (round % 4 === 3) await sleep(1.3 * TTL_MS);
      },
    }),
    talk(`sessions are evicted (--session-max ${SESSION_MAX})`, MIXED, {
      chats: 10,
      width: 1,
      models: false,
      limits: { max: SESSION_MAX, ttlMs: 0 },
      launch: { flags: ['--session-max', String(SESSION_MAX)] },
    }),
  ];
  return all.map((workload) => ({
    ...workload,
    chats: Math.max(4, Math.round(workload.chats * scale)),
  }));
}

/** Kills one of the processes, by turns: an instance that dies too often is not started again. */
async function crash(round: number, gateway: OurGateway, ideal: IdealCache): Promise<void> {
  const instances = await gateway.running();
  const victim = instances[Math.floor(round / 4) % instances.length];
  if (!victim) return;
  ideal.lose(victim.id);
  process.kill(victim.pid, 'SIGKILL');
}
