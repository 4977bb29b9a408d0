import { cancelSession, initializeAgent, newSession, setModel } from './acp';
import { uploadImage } from './images';
import { RpcError, isObject, rpcCodes } from './jsonRpc';
import type { Session } from './sessions';
import { toolResult } from './tools';
import type { Client, World } from './world';

/** Answers one request; what it returns is the result. */
type Method = (params: Readonly<Record<string, unknown>>, world: World, client: Client) => unknown;

/** Fake on purpose, and easy to search for: no client may ever pass them on (protocol §3). */
const canaries = {
  token: 'CANARY-demo-token-0123456789-must-never-leave-the-client',
  refreshToken: 'CANARY-demo-refresh-token-9876543210-must-never-leave-the-client',
};

function textParam(params: Readonly<Record<string, unknown>>, ...names: string[]): string {
  const value = names.map((name) => params[name]).find((found) => found !== undefined);
  if (typeof value === 'string' && value !== '') return value;
  throw new RpcError(rpcCodes.badParams, `${names.join(' or ')} must be a non-empty string`);
}

function knownSession(params: Readonly<Record<string, unknown>>, world: World): Session {
  const id = textParam(params, 'sessionId', 'id');
  const session = world.sessions.find(id);
  if (session === undefined) throw new RpcError(rpcCodes.handler, `session not found: ${id}`);
  return session;
}

function stopTurnsOf(session: Session, world: World): void {
  if (session.running !== undefined) world.turns.get(session.running)?.stop();
}

function forget(session: Session, world: World): void {
  stopTurnsOf(session, world);
  world.sessions.delete(session.id);
  world.records.event('session-deleted', { sessionId: session.id });
}

function summary(session: Session): object {
  return {
    sessionId: session.id,
    sessionTitle: session.title,
    gmtCreate: session.createdAt,
    chatCount: session.exchanges.length,
    imageCount: session.heldImages,
  };
}

function authStatus(world: World): object {
  const account = world.account.signedIn
    ? { status: 2, name: 'Demo User', id: 'demo-user', accountId: 'demo-account', ...canaries }
    : { status: 0, name: '', id: '', accountId: '', token: '', refreshToken: '' };
  return { ...account, userType: 'demo', privacyPolicyAgreed: true, cloudType: 'demo' };
}

const nothing: Method = () => ({});

/** Every request the demo answers, besides `chat/ask` and `session/prompt` (protocol §3, §4a.3, §4b, §6,
 * §7). */
const methods: Readonly<Record<string, Method>> = {
  initialize: () => ({
    capabilities: { textDocumentSync: 0 },
    serverInfo: { name: 'lingma-demo', version: 'demo' },
  }),
  ping: nothing,
  'auth/status': (_, world) => authStatus(world),
  'login/generateUrl': (_, { loginUrl }) => ({
    loginUrl,
    success: true,
    errorCode: '',
    errorMsg: '',
  }),
  'config/queryModels': (_, { models }) => models.answer,
  'config/getGlobal': nothing,
  'config/getEndpoint': () => ({ endpoint: '' }),
  'config/updateEndpoint': () => ({ success: true }),
  'ide/update': nothing,
  'extension/query': () => [],
  'kb/list': () => [],
  'model/queryClasses': () => [],
  'model/getByokConfig': nothing,
  'user/plan': () => {
    throw new RpcError(rpcCodes.upstream, 'HTTP status 404');
  },
  'image/upload': uploadImage,
  'tool/invokeResult': toolResult,
  'session/new': newSession,
  'session/set_model': setModel,
  'session/cancel': cancelSession,
  'chat/stop': (params, world) => {
    world.turns.get(textParam(params, 'requestId'))?.stop();
    return {};
  },
  'chat/stopSession': (params, world) => {
    stopTurnsOf(knownSession(params, world), world);
    return {};
  },
  'chat/deleteSessionById': (params, world) => {
    forget(knownSession(params, world), world);
    return {};
  },
  'chat/clearAllSessions': (_, world) => {
    for (const session of world.sessions.all()) forget(session, world);
    return {};
  },
  'chat/listAllSessions': (_, world) => ({ sessions: world.sessions.all().map(summary) }),
  'chat/getSessionById': (params, world) => {
    const session = knownSession(params, world);
    return { ...summary(session), chatRecords: session.exchanges };
  },
};

/** What a standard agent answers, besides `session/prompt` (protocol §4c). */
const agentMethods: Readonly<Record<string, Method>> = {
  initialize: initializeAgent,
  'session/new': newSession,
  'session/set_model': setModel,
  'session/cancel': cancelSession,
  'session/close': (params, world) => {
    forget(knownSession(params, world), world);
    return {};
  },
};

const tolerated = ['dataPolicy/', 'snapshot/', 'workingSpaceFile/', 'textDocument/'];

/** Finds the method of a request, or `undefined` for one that is answered with -32601. */
export function findMethod(name: string, speaks: World['speaks']): Method | undefined {
  if (speaks === 'agent') return Object.hasOwn(agentMethods, name) ? agentMethods[name] : undefined;
  if (Object.hasOwn(methods, name)) return methods[name];
  return tolerated.some((prefix) => name.startsWith(prefix)) ? nothing : undefined;
}

/** The parameters as an object; JSON-RPC lets a client leave them out. */
export function paramsObject(params: unknown): Readonly<Record<string, unknown>> {
  if (params === undefined || params === null) return {};
  if (isObject(params)) return params;
  throw new RpcError(rpcCodes.badParams, 'params must be an object');
}
