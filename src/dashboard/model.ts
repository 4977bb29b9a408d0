/** All the page shows, as one value that messages of the host replace piece by piece; pure. */
import type { GatewayActivity, RequestDetails } from '../gateway/activity';
import type { HostMessage, HostState } from './protocol';

/** An activity and when it came, by the page's own clock: the host's may go differently. */
export interface ReceivedActivity {
  readonly value: GatewayActivity;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

export interface Model {
  /** Undefined until the host has spoken. */
  readonly state: HostState | undefined;
  /** When the state came, as with the activity; 0 before. */
  readonly stateAtMs: number;
  readonly activity: ReceivedActivity | undefined;
  /** By request id; null for a request that is no longer kept. */
  readonly details: ReadonlyMap<string, RequestDetails | null>;
}

export const emptyModel: Model = {
  state: undefined,
  stateAtMs: 0,
  activity: undefined,
  details: new Map(),
};

/** The model after a message. A gateway that is gone takes its activity along. */
export function reduce(model: Model, message: HostMessage, nowMs: number): Model {
  switch (message.type) {
    case 'state': {
      const gone = message.state.kind === 'stopped' || !message.state.snapshot;
      return { ...(gone ? emptyModel : model), state: message.state, stateAtMs: nowMs };
    }
    case 'activity': {
      const kept = new Set(message.activity.requests.map(({ id }) => id));
      const details = new Map([...model.details].filter(([id]) => kept.has(id)));
      return { ...model, activity: { value: message.activity, atMs: nowMs }, details };
    }
    case 'details':
      return { ...model, details: new Map(model.details).set(message.id, message.details) };
  }
}
