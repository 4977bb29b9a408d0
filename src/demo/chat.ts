import { type Ask, readAsk } from './askParams';
import { DirectiveError, type Script, readScript, unscripted } from './directives';
import { type RpcId, rpcCodes, RpcError } from './jsonRpc';
import { type Step, planTurn } from './plan';
import { type Stage, type TurnResult, playTurn } from './player';
import { demoReply, demoThinking, titleOf } from './replyText';
import { Session } from './sessions';
import { invokeTool } from './tools';
import type { Client, RunningTurn, World } from './world';

/** An ask that is refused with a `chat/finish` (protocol §4a.2 status codes). */
export interface Refusal {
  readonly code: number;
  readonly reason: string;
}

/** Finds the session of an ask or opens it (protocol §4a.1 `sessionId`, `isReply`). */
function sessionFor(ask: Ask, world: World): Session | Refusal {
  if (ask.isReply) {
    const known = world.sessions.find(ask.sessionId);
    if (known === undefined) return { code: 400, reason: 'session not found' };
    if (known.running !== undefined) {
      return { code: 409, reason: 'another turn is running on this session' };
    }
    return known;
  }
  const opened = world.sessions.open(ask.sessionId, titleOf(ask.questionText));
  if (opened === 'limit') return { code: 429, reason: 'Session limit reached' };
  if (opened === 'exists') {
    const busy = world.sessions.find(ask.sessionId)?.running !== undefined;
    return busy
      ? { code: 409, reason: 'another turn is running on this session' }
      : { code: 400, reason: 'session exists: isReply must be true to continue it' };
  }
  world.records.event('session-created', { sessionId: opened.id, requestId: ask.requestId });
  return opened;
}

/** What makes an ask fail before its session is looked at. */
function refusalOf(ask: Ask, world: World): Refusal | undefined {
  if (!world.account.signedIn) return { code: 401, reason: 'not signed in' };
  if (ask.modelKey !== '' && !world.models.reasoning.has(ask.modelKey)) {
    return { code: 400, reason: `model not found: ${ask.modelKey}` };
  }
  const unknown = ask.imageUrls.find((url) => world.images.digestOf(url) === undefined);
  if (unknown !== undefined) return { code: 400, reason: `image not found: ${unknown}` };
  return undefined;
}

function readScriptOf(ask: Ask): Script | Refusal {
  try {
    return readScript(ask.questionText);
  } catch (error) {
    if (error instanceof DirectiveError) return { code: 400, reason: error.message };
    throw error;
  }
}

function stepsFor(ask: Ask, script: Script, session: Session, world: World): Step[] {
  const facts = {
    question: ask.questionText,
    sessionId: session.id,
    turn: session.exchanges.length + 1,
    heldCharacters: session.heldCharacters,
    images: ask.imageUrls.length,
    heldImages: session.heldImages,
  };
  const { deltaChars, delayMs, gapMs, prefillCps } = world.knobs;
  const prepared = script === unscripted ? world.answers.take(ask.questionText) : undefined;
  const thinks = world.models.reasoning.get(ask.modelKey) === true;
  return planTurn({
    script: prepared === undefined ? script : { ...script, body: { kind: 'text', text: prepared } },
    reply: () => demoReply(facts),
    thinking: thinks ? () => demoThinking(facts) : undefined,
    deltaChars,
    delayMs,
    prefillMs: prefillCps > 0 ? Math.ceil((1000 * ask.questionText.length) / prefillCps) : 0,
    gapMs,
  });
}

function stageFor(ask: Ask, session: Session, client: Client, world: World): Stage {
  const ids = { requestId: ask.requestId, sessionId: session.id };
  return {
    send: (method, params) => {
      client.request(method, { ...ids, ...params });
    },
    extra: { sessionType: ask.sessionType },
    sendTitle: () => {
      client.request('session/title/update', {
        sessionId: session.id,
        sessionTitle: session.title,
      });
    },
    invokeTool: (call, done) => {
      invokeTool(ids, call, client, world, done);
    },
    sendRaw: client.sendRaw,
    isCongested: client.isCongested,
    isAcknowledged: client.isAcknowledged,
    closeClient: () => {
      client.close(1001, 'closed by directive');
    },
    exit: world.exit,
  };
}

function sendFinish(
  client: Client,
  ask: Ask,
  sessionId: string,
  end: { readonly statusCode?: unknown; readonly reason: string; readonly answer: string },
): void {
  client.request('chat/finish', {
    requestId: ask.requestId,
    sessionId,
    reason: end.reason,
    statusCode: end.statusCode,
    fullAnswer: end.answer,
    extra: { sessionType: ask.sessionType },
  });
}

/** How a turn is told to its client, in one of the two dialects. */
export interface Telling {
  readonly stage: Stage;
  /** The turn is over, and neither the connection nor the process was cut. */
  readonly finish: (end: TurnResult) => void;
}

/** Plays one turn to its end and keeps what was said in the transcript. */
export async function runTurn(
  ask: Ask,
  steps: readonly Step[],
  session: Session,
  client: Client,
  world: World,
  telling: Telling,
): Promise<void> {
  const controller = new AbortController();
  const turn: RunningTurn = {
    requestId: ask.requestId,
    sessionId: session.id,
    stop: () => {
      controller.abort();
    },
  };
  const images = ask.imageUrls.map((url) => world.images.digestOf(url) ?? '');
  if (images.length > 0) {
    const ids = { requestId: ask.requestId, sessionId: session.id };
    world.records.event('images-received', { ...ids, images });
  }
  session.running = ask.requestId;
  world.turns.set(ask.requestId, turn);
  client.turns.add(turn);
  const end = await playTurn(steps, telling.stage, controller.signal);
  session.running = undefined;
  session.add({
    requestId: ask.requestId,
    question: ask.questionText,
    answer: end.answer,
    images,
  });
  world.turns.delete(ask.requestId);
  client.turns.delete(turn);
  world.records.event('turn-finished', {
    requestId: ask.requestId,
    sessionId: session.id,
    outcome: end.outcome,
    statusCode: end.statusCode ?? null,
    reason: end.reason,
    characters: end.answer.length,
  });
  // After the record: a process killed right here must not have given an answer it never noted.
  if (end.outcome !== 'cut') telling.finish(end);
}

/** A turn of `chat/ask`: events as requests, then `chat/finish` (protocol §4a.2). */
function tellChat(ask: Ask, session: Session, client: Client, world: World): Telling {
  return {
    stage: stageFor(ask, session, client, world),
    finish: (end) => {
      if (end.outcome === 'stopped' && !world.knobs.stopFinish) return;
      sendFinish(client, ask, session.id, end);
    },
  };
}

/**
 * What to play for `ask` on a session that is there; a refusal says why not, and `exit` that the
 * process is ending because the prompt said so.
 */
export function prepareTurn(ask: Ask, session: Session, world: World): Step[] | Refusal | 'exit' {
  const script = readScriptOf(ask);
  if ('code' in script) return script;
  if (script.ending.kind === 'exit-before') {
    world.exit(script.ending.code);
    return 'exit';
  }
  return refusalOf(ask, world) ?? stepsFor(ask, script, session, world);
}

/** Sends the reply to `chat/ask` itself in the way the `askReply` knob wants it. */
function answerAsk(id: RpcId | undefined, ask: Ask, client: Client, world: World): void {
  if (id === undefined) return;
  const { requestId } = ask;
  switch (world.knobs.askReply) {
    case 'success':
      client.reply(id, { success: true });
      break;
    case 'isSuccess':
    case 'late':
      client.reply(id, { isSuccess: true, requestId, status: 'success' });
      break;
    case 'refused':
      client.reply(id, { isSuccess: false, requestId, status: 'error' });
      break;
    case 'error':
      client.fail(id, rpcCodes.upstream, 'HTTP status 500: refused by the askReply knob');
      break;
    case 'never':
      break;
  }
}

/**
 * Answers a `chat/ask` (protocol §4a): the reply, then the events, then the finish. Throws an
 * {@link RpcError} for parameters that are wrong; a well-formed ask that cannot be served is told
 * so by its `chat/finish`. Without an id it was sent as a notification and gets no reply.
 */
export async function chatAsk(
  id: RpcId | undefined,
  params: unknown,
  client: Client,
  world: World,
): Promise<void> {
  const ask = readAsk(params);
  if (world.turns.has(ask.requestId)) {
    throw new RpcError(rpcCodes.badParams, 'chat/ask: requestId is in use by a running turn');
  }
  const script = readScriptOf(ask);
  if (!('code' in script) && script.ending.kind === 'exit-before') {
    world.exit(script.ending.code);
    return;
  }
  const { askReply } = world.knobs;
  if (askReply !== 'late') answerAsk(id, ask, client, world);
  if (askReply === 'error' || askReply === 'refused') return;
  await serve(ask, script, client, world);
  if (askReply === 'late') answerAsk(id, ask, client, world);
}

async function serve(
  ask: Ask,
  script: Script | Refusal,
  client: Client,
  world: World,
): Promise<void> {
  if ('code' in script) {
    refuse(ask, script, client, world);
    return;
  }
  const session = refusalOf(ask, world) ?? sessionFor(ask, world);
  if (session instanceof Session) {
    const steps = stepsFor(ask, script, session, world);
    await runTurn(ask, steps, session, client, world, tellChat(ask, session, client, world));
  } else {
    refuse(ask, session, client, world);
  }
}

function refuse(ask: Ask, { code, reason }: Refusal, client: Client, world: World): void {
  world.records.event('turn-refused', { requestId: ask.requestId, statusCode: code, reason });
  sendFinish(client, ask, ask.sessionId, { statusCode: code, reason, answer: '' });
}
