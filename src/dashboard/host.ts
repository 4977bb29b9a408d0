/** The panel's line to the extension, and the little it remembers while it is hidden. */
import type {
  HostMessage,
  HostState,
  InstanceAction,
  PanelCommand,
  PanelMessage,
} from './protocol';

interface VsCodeApi {
  postMessage(message: PanelMessage): void;
  getState(): unknown;
  setState(state: Remembered): void;
}

interface Remembered {
  readonly state: HostState;
}

declare function acquireVsCodeApi(): VsCodeApi;

export interface Host {
  /** The state last shown, so that a panel that comes back is not empty for a moment. */
  readonly remembered: HostState | undefined;
  readonly send: (command: PanelCommand) => void;
  readonly act: (action: InstanceAction, id: string) => void;
}

/** Connects to the extension and asks for the state; `onState` hears every one. */
export function connect(onState: (state: HostState) => void): Host {
  const api = acquireVsCodeApi();
  window.addEventListener('message', ({ data }: MessageEvent<HostMessage>) => {
    if (data.type !== 'state') return;
    api.setState({ state: data.state });
    onState(data.state);
  });
  api.postMessage({ type: 'ready' });
  return {
    remembered: (api.getState() as Remembered | undefined)?.state,
    send: (command) => {
      api.postMessage({ type: 'command', command });
    },
    act: (action, id) => {
      api.postMessage({ type: 'instance', action, id });
    },
  };
}
