import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { usePage } from './page';

interface SectionProps {
  /** Names the section in the page and in its memory. */
  readonly id: string;
  readonly title: string;
  /** How many things are in it. */
  readonly badge?: string;
  /** Buttons that concern the whole section. */
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A part of the page under a heading that folds it away, also for the next time. */
export function Section({ id, title, badge, actions, children }: SectionProps) {
  const { open, toggle } = useDisclosure(`section:${id}`, true);
  const titleId = `${id}-title`;
  return (
    <section aria-labelledby={titleId}>
      <div class="section-head">
        <h2>
          <button
            type="button"
            class="disclosure"
            aria-expanded={open}
            aria-controls={`${id}-body`}
            onClick={toggle}
          >
            <Chevron />
            <span id={titleId}>{title}</span>
          </button>
          {badge !== undefined && <span class="badge">{badge}</span>}
        </h2>
        {open && actions !== undefined && <div class="actions">{actions}</div>}
      </div>
      <div id={`${id}-body`} hidden={!open}>
        {open && children}
      </div>
    </section>
  );
}

/** Whether something is open, remembered under `key`; `initially` is how it begins. */
export function useDisclosure(
  key: string,
  initially: boolean,
): { readonly open: boolean; readonly toggle: () => void } {
  const { memory } = usePage();
  const [open, setOpen] = useState(() => memory.isToggled(key) !== initially);
  return {
    open,
    toggle: () => {
      memory.toggle(key);
      setOpen((now) => !now);
    },
  };
}

/** Points right; turns down when the button around it is expanded. */
export function Chevron() {
  return (
    <svg class="chevron" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d="M6 3.5 10.5 8 6 12.5" fill="none" stroke="currentColor" stroke-width="1.2" />
    </svg>
  );
}
