/** What every part of the page can reach: the line to the extension, and the page's memory. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Memory } from './memory';
import type { InstanceAction, PageLayout, PanelCommand } from './protocol';

export interface Page {
  readonly layout: PageLayout;
  readonly memory: Memory;
  readonly send: (command: PanelCommand) => void;
  /** Does something to one instance. */
  readonly act: (action: InstanceAction, id: string) => void;
  /** Forgets a session. */
  readonly evict: (id: string) => void;
  /** Asks for all that is known of a request; the answer comes with the model. */
  readonly ask: (id: string) => void;
}

export const PageContext = createContext<Page | undefined>(undefined);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error('There is no page around this component.');
  return page;
}
