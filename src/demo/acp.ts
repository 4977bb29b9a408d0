import { createHash, randomUUID } from 'node:crypto';
import type { Ask } from './askParams';
import { prepareTurn, runTurn } from './chat';
import { type RpcId, RpcError, isObject, rpcCodes } from './jsonRpc';
import type { Stage, TurnResult } from './player';
import type { Session } from './sessions';
import type { Client, World } from './world';

type Params = Readonly<Record<string, unknown>>;

const requestIdKey = 'ai-coding/request-id';

function refuse(problem: string): never {
  throw new RpcError(rpcCodes.badParams, problem);
}

function knownSession(method: string, params: Params, world: World): Session {
  const { sessionId } = params;
  if (typeof sessionId !== 'string' || sessionId === '') {
    return refuse(`${method}: sessionId must be a non-empty string`);
  }
  const session = world.sessions.find(sessionId);
  if (session === undefined) {
    throw new RpcError(rpcCodes.handler, `session not found: ${sessionId}`);
  }
  return session;
}

/** The answer of a standard agent to `initialize` (protocol §4c). */
export function initializeAgent(params: Params): object {
  if (typeof params['protocolVersion'] !== 'number') {
    return refuse('initialize: protocolVersion must be a number');
  }
  return {
    protocolVersion: 1,
    agentInfo: { name: 'lingma-demo', version: 'demo' },
    authMethods: [],
    agentCapabilities: {
      loadSession: false,
      promptCapabilities: { image: true, audio: false, embeddedContext: false },
      sessionCapabilities: { close: {} },
    },
  };
}

/** `session/new` (protocol §4b, §4c). */
export function newSession(params: Params, world: World, client: Client): object {
  const { cwd, mcpServers } = params;
  if (typeof cwd !== 'string' || cwd === '') refuse('session/new: cwd must be a non-empty string');
  if (!Array.isArray(mcpServers)) refuse('session/new: mcpServers must be an array');
  const session = world.sessions.open('', '');
  if (typeof session === 'string') throw new RpcError(rpcCodes.handler, 'Session limit reached');
  world.records.event('session-created', { sessionId: session.id, cwd });
  if (world.speaks === 'lingma') return { sessionId: session.id };
  const [currentModelId = ''] = world.models.reasoning.keys();
  session.modelKey = currentModelId;
  setImmediate(() => {
    client.notify('session/update', {
      sessionId: session.id,
      update: { sessionUpdate: 'available_commands_update', availableCommands: [] },
    });
  });
  const models = [...world.models.reasoning.keys()];
  return {
    sessionId: session.id,
    models: {
      currentModelId,
      availableModels: models.map((modelId) => ({ modelId, name: modelId })),
    },
    modes: { currentModeId: 'default', availableModes: [{ id: 'default', name: 'Default' }] },
  };
}

/** `session/set_model`: the session keeps it until it is set again (protocol §4b). */
export function setModel(params: Params, world: World): object {
  const session = knownSession('session/set_model', params, world);
  const { modelId } = params;
  if (typeof modelId !== 'string' || modelId === '') {
    return refuse('session/set_model: model key is empty');
  }
  if (!world.models.reasoning.has(modelId)) refuse(`session/set_model: no model ${modelId}`);
  session.modelKey = modelId;
  return {};
}

/** `session/cancel`, a notification: the prompt that runs ends where it stands. */
export function cancelSession(params: Params, world: World): object {
  const session = knownSession('session/cancel', params, world);
  world.records.event('session-cancelled', { sessionId: session.id });
  if (session.running !== undefined) world.turns.get(session.running)?.stop();
  return {};
}

interface Prompt {
  readonly text: string;
  /** SHA-256 of each picture. */
  readonly images: readonly string[];
}

function readPrompt(value: unknown): Prompt {
  if (!Array.isArray(value) || value.length === 0) {
    return refuse('session/prompt: prompt must be a list of blocks');
  }
  const texts: string[] = [];
  const images: string[] = [];
  for (const block of value as unknown[]) {
    if (!isObject(block)) return refuse('session/prompt: a block must be an object');
    const { type, text, data, mimeType } = block;
    if (type === 'text' && typeof text === 'string') texts.push(text);
    else if (type === 'image' && typeof data === 'string' && typeof mimeType === 'string') {
      images.push(createHash('sha256').update(Buffer.from(data, 'base64')).digest('hex'));
    } else refuse(`session/prompt: cannot read a block of type ${String(type)}`);
  }
  return { text: texts.join('\n'), images };
}

function requestIdOf(params: Params, world: World): string {
  const meta = params['_meta'];
  const requestId = isObject(meta) ? meta[requestIdKey] : undefined;
  if (typeof requestId === 'string' && requestId !== '') return requestId;
  if (world.speaks === 'lingma') return refuse(`session/prompt: _meta lacks ${requestIdKey}`);
  return randomUUID();
}

/** Tells one turn as `session/update` notifications. */
function stageFor(ask: Ask, client: Client, world: World): Stage {
  const { updateMeta, chunkContent } = world.knobs;
  const update = (fields: Params): void => {
    const meta = world.speaks === 'lingma' && updateMeta;
    client.notify('session/update', {
      sessionId: ask.sessionId,
      ...(meta ? { _meta: { [requestIdKey]: ask.requestId } } : {}),
      update: fields,
    });
  };
  const content = (text: string): unknown => {
    const block = { type: 'text', text };
    return chunkContent === 'array' ? [block] : block;
  };
  return {
    send: (method, fields) => {
      const text = typeof fields['text'] === 'string' ? fields['text'] : '';
      if (method === 'chat/answer') {
        update({ sessionUpdate: 'agent_message_chunk', content: content(text) });
      } else if (method === 'chat/think') {
        if (text) update({ sessionUpdate: 'agent_thought_chunk', content: content(text) });
      } else {
        // Never to be shown as answer.
        const entry = { content: 'SECRET PLAN', priority: 'low', status: 'pending' };
        update({ sessionUpdate: 'plan', entries: [entry] });
      }
    },
    extra: {},
    sendTitle: () => {
      if (world.speaks === 'agent') return;
      client.request('session/title/update', { sessionId: ask.sessionId, sessionTitle: 'Demo' });
    },
    invokeTool: ({ name, parameters }, done) => {
      const call = { toolCallId: `call-${ask.requestId}`, title: name };
      update({ sessionUpdate: 'tool_call', ...call, status: 'pending', rawInput: parameters });
      const options = [
        { optionId: 'yes', name: 'Allow', kind: 'allow_once' },
        { optionId: 'no', name: 'Reject', kind: 'reject_once' },
      ];
      const permission = { sessionId: ask.sessionId, requestId: ask.requestId, options };
      client.request('session/request_permission', { ...permission, toolCall: call }, (outcome) => {
        world.records.event('permission-replied', { toolCallId: call.toolCallId, ...outcome });
        client.request('fs/read_text_file', { sessionId: ask.sessionId, path: '/x' }, (answer) => {
          world.records.event('file-replied', { ...answer });
          const failed = { toolCallId: call.toolCallId, status: 'failed' };
          update({ sessionUpdate: 'tool_call_update', ...failed, content: content('SECRET') });
          done();
        });
      });
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

/** Ends a prompt of a Lingma runtime: a `chat_finish` and the reply, in the order of the knob. */
function endLingma(
  ask: Ask,
  end: TurnResult,
  client: Client,
  world: World,
  reply: () => void,
  fail: (reason: string) => void,
): void {
  const { promptEnd, promptFullAnswer, updateMeta, stopFinish } = world.knobs;
  if (end.outcome === 'stopped' && !stopFinish) {
    reply();
    return;
  }
  const finish = (): void => {
    client.notify('session/update', {
      sessionId: ask.sessionId,
      ...(updateMeta ? { _meta: { [requestIdKey]: ask.requestId } } : {}),
      update: {
        sessionUpdate: 'notification',
        type: 'chat_finish',
        data: {
          reason: end.reason,
          statusCode: end.statusCode,
          ...(promptFullAnswer ? { fullAnswer: end.answer } : {}),
        },
      },
    });
  };
  switch (promptEnd) {
    case 'finish-first':
      finish();
      reply();
      break;
    case 'reply-first':
      reply();
      finish();
      break;
    case 'reply-only':
      reply();
      break;
    case 'finish-only':
    case 'reply-early':
      finish();
      break;
    case 'error':
      fail('HTTP status 500: refused by the promptEnd knob');
      break;
  }
}

/** Ends a prompt of a standard agent: there is nothing but the reply. */
function endAgent(
  ask: Ask,
  end: TurnResult,
  client: Client,
  world: World,
  reply: (stopReason: string) => void,
  fail: (reason: string) => void,
): void {
  const good = end.statusCode === 200 || end.statusCode === undefined;
  if (world.knobs.promptEnd === 'error' || !good) {
    fail(end.reason);
    return;
  }
  client.notify('session/update', {
    sessionId: ask.sessionId,
    update: {
      sessionUpdate: 'agent_message_chunk',
      content: { type: 'text', text: '' },
      _meta: { usage: { inputTokens: ask.questionText.length, outputTokens: end.answer.length } },
    },
  });
  reply(end.outcome === 'stopped' ? 'cancelled' : 'end_turn');
}

/**
 * Answers a `session/prompt` (protocol §4b, §4c): the updates, then the end in the order that the
 * knobs want. Throws an {@link RpcError} for what cannot be served.
 */
export async function sessionPrompt(
  id: RpcId | undefined,
  params: Params,
  client: Client,
  world: World,
): Promise<void> {
  const session = knownSession('session/prompt', params, world);
  const prompt = readPrompt(params['prompt']);
  const requestId = requestIdOf(params, world);
  if (!world.account.signedIn) throw new RpcError(rpcCodes.upstream, 'not signed in');
  if (session.running !== undefined || world.turns.has(requestId)) {
    return refuse('session/prompt: another prompt is running on this session');
  }
  if (world.speaks === 'lingma' && session.modelKey === '') {
    return refuse('session/prompt: model key is empty');
  }
  const ask: Ask = {
    requestId,
    sessionId: session.id,
    sessionType: 'chat',
    questionText: prompt.text,
    isReply: true,
    modelKey: session.modelKey,
    imageUrls: prompt.images.map((digest) => world.images.add(digest)),
  };
  let replied = false;
  const reply = (stopReason?: string): void => {
    if (!replied && id !== undefined) client.reply(id, stopReason ? { stopReason } : {});
    replied = true;
  };
  const fail = (reason: string): void => {
    if (!replied && id !== undefined) client.fail(id, rpcCodes.upstream, reason);
    replied = true;
  };
  const steps = prepareTurn(ask, session, world);
  if (steps === 'exit') return;
  if ('code' in steps) {
    world.records.event('turn-refused', { requestId, statusCode: steps.code });
    fail(steps.reason);
    return;
  }
  if (world.knobs.promptEnd === 'reply-early') {
    reply(world.speaks === 'agent' ? 'end_turn' : undefined);
  }
  await runTurn(ask, steps, session, client, world, {
    stage: stageFor(ask, client, world),
    finish: (end) => {
      if (world.speaks === 'agent') endAgent(ask, end, client, world, reply, fail);
      else endLingma(ask, end, client, world, reply, fail);
    },
  });
}
