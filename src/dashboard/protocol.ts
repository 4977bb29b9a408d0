/** What the extension and its panel tell each other; both sides are typed against this file. */
import type { ErrorCode } from '../base/errors';
import type { GatewayActivity, RequestDetails } from '../gateway/activity';
import type { GatewaySnapshot } from '../gateway/snapshot';

/** Whether the gateway runs in this window, or in another one that this window follows. */
export type Role = 'leader' | 'follower';

/** The gateway's life as its host sees it. `snapshot` is null while there is no gateway to ask. */
export type HostState =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'starting'; readonly snapshot: GatewaySnapshot | null }
  | { readonly kind: 'ready'; readonly role: Role; readonly snapshot: GatewaySnapshot }
  | { readonly kind: 'stopping'; readonly snapshot: GatewaySnapshot | null }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      /** What went wrong and the next step, for people. */
      readonly problem: string;
      readonly snapshot: GatewaySnapshot | null;
    };

/** Host → panel. `activity` follows a state when a gateway runs and the page can be seen. */
export type HostMessage =
  | { readonly type: 'state'; readonly state: HostState }
  | { readonly type: 'activity'; readonly activity: GatewayActivity }
  /** The answer to `details`; null when the request is no longer kept. */
  | { readonly type: 'details'; readonly id: string; readonly details: RequestDetails | null };

/** What the panel may ask for; anything else is dropped. */
export const panelCommands = [
  'start',
  'stop',
  'restart',
  'copyBaseUrl',
  'copyApiKey',
  'clearSessions',
  'signIn',
  'showLog',
  'openSettings',
  'choosePort',
  'chooseLingma',
  'connectClient',
  'testConnection',
  'openWalkthrough',
  'openPanel',
  'toggleCapture',
  'manageClientKeys',
] as const;

export type PanelCommand = (typeof panelCommands)[number];

/** Where the page is shown: as an editor, or as a view of the side bar, where it is shorter. */
export type PageLayout = 'panel' | 'view';

/** What may be done to one instance: a new process at once, or once its turns are over. */
export const instanceActions = ['restart', 'drain'] as const;

export type InstanceAction = (typeof instanceActions)[number];

/** Panel → host. `ready` asks for the state: the page has just loaded. */
export type PanelMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'command'; readonly command: PanelCommand }
  | { readonly type: 'instance'; readonly action: InstanceAction; readonly id: string }
  /** Forget this session. */
  | { readonly type: 'evict'; readonly id: string }
  /** Tell all about this request. */
  | { readonly type: 'details'; readonly id: string };

/** The message, or undefined for anything that is not one. */
export function parsePanelMessage(value: unknown): PanelMessage | undefined {
  if (typeof value !== 'object' || value === null || !('type' in value)) return undefined;
  if (value.type === 'ready') return { type: 'ready' };
  if (value.type === 'instance') return instanceMessage(value);
  if (value.type === 'evict' || value.type === 'details') return idMessage(value.type, value);
  if (value.type !== 'command' || !('command' in value)) return undefined;
  const command = panelCommands.find((name) => name === value.command);
  return command && { type: 'command', command };
}

function instanceMessage(value: object): PanelMessage | undefined {
  if (!('action' in value) || !('id' in value) || typeof value.id !== 'string') return undefined;
  const action = instanceActions.find((name) => name === value.action);
  return action && { type: 'instance', action, id: value.id };
}

function idMessage(type: 'evict' | 'details', value: object): PanelMessage | undefined {
  return 'id' in value && typeof value.id === 'string' ? { type, id: value.id } : undefined;
}

/** The message, or undefined for anything that is not one: what is left of another version, say. */
export function parseHostMessage(value: unknown): HostMessage | undefined {
  if (!isRecord(value)) return undefined;
  const valid =
    (value['type'] === 'state' && isHostState(value['state'])) ||
    (value['type'] === 'activity' && isActivity(value['activity'])) ||
    (value['type'] === 'details' &&
      typeof value['id'] === 'string' &&
      (value['details'] === null || isRecord(value['details'])));
  return valid ? (value as unknown as HostMessage) : undefined;
}

const hostStateKinds: readonly unknown[] = [
  'stopped',
  'starting',
  'ready',
  'stopping',
  'failed',
] satisfies HostState['kind'][];

function isHostState(value: unknown): boolean {
  if (!isRecord(value) || !hostStateKinds.includes(value['kind'])) return false;
  if (value['kind'] === 'stopped') return true;
  if (value['kind'] === 'ready') return isRecord(value['snapshot']);
  return value['snapshot'] === null || isRecord(value['snapshot']);
}

function isActivity(value: unknown): boolean {
  return (
    isRecord(value) &&
    [value['sessions'], value['requests'], value['history'], value['clients']].every(
      Array.isArray,
    ) &&
    typeof value['capturing'] === 'boolean'
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** The snapshot a state carries, if any. */
export function snapshotOf(state: HostState): GatewaySnapshot | null {
  return state.kind === 'stopped' ? null : state.snapshot;
}

/** The base URL an OpenAI client wants: what the panel shows and the copy command copies. */
export function clientBaseUrl(state: HostState): string | undefined {
  const baseUrl = snapshotOf(state)?.baseUrl;
  return baseUrl ? `${baseUrl}/v1` : undefined;
}
