/** The page's line to the extension. */
import { Memory, type Store } from './memory';
import { emptyModel, type Model, reduce } from './model';
import type { Page } from './page';
import { type PageLayout, type PanelMessage, parseHostMessage } from './protocol';

interface VsCodeApi extends Store {
  postMessage(message: PanelMessage): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

export interface Host {
  readonly page: Page;
  /** What was shown last, so that a page that comes back is not empty for a moment. */
  readonly remembered: Model;
}

/** Connects to the extension and asks for the state; `onModel` hears of every change. */
export function connect(layout: PageLayout, onModel: (model: Model) => void): Host {
  const api = acquireVsCodeApi();
  const memory = new Memory(api);
  const remembered: Model = {
    ...emptyModel,
    state: memory.state,
    // Its age is not kept: the true state follows at once.
    stateAtMs: Date.now(),
    activity: memory.activity,
  };
  let model = remembered;
  window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    const message = parseHostMessage(data);
    if (!message) return;
    model = reduce(model, message, Date.now());
    if (message.type !== 'details') memory.keepModel(model.state, model.activity);
    onModel(model);
  });
  api.postMessage({ type: 'ready' });
  return {
    remembered,
    page: {
      layout,
      memory,
      send: (command) => {
        api.postMessage({ type: 'command', command });
      },
      act: (action, id) => {
        api.postMessage({ type: 'instance', action, id });
      },
      evict: (id) => {
        api.postMessage({ type: 'evict', id });
      },
      ask: (id) => {
        api.postMessage({ type: 'details', id });
      },
    },
  };
}
