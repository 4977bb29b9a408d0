import { countReady, signedOutIds } from '../gateway/snapshot';
import { Button, CopyButton } from './button';
import { plural, t } from './localize';
import { usePage } from './page';
import { clientBaseUrl, type HostState, type PanelCommand } from './protocol';
import type { Labelled } from './words';

/** State and what can be done about it; below, what a client needs to connect. */
export function Header({ state }: { readonly state: HostState }) {
  const { layout, send } = usePage();
  const { tone, label } = summarize(state);
  const url = clientBaseUrl(state);
  return (
    <header>
      <div class="bar">
        {/* The side bar has this title above the view already. */}
        <h1 class={layout === 'view' ? 'unseen' : ''}>Lingma Gateway</h1>
        <p class={`state ${tone}`} role="status">
          {label}
        </p>
        <div class="actions">
          {buttonsFor(state, layout === 'view').map(({ command, label: title }) => (
            <Button
              key={command}
              label={title}
              onClick={() => {
                send(command);
              }}
            />
          ))}
        </div>
      </div>
      {url && state.kind !== 'stopping' && (
        <div class="connect">
          <div class="address">
            <span id="base-url-label" class="quiet">
              {t('Base URL')}
            </span>
            <code aria-labelledby="base-url-label">{url}</code>
          </div>
          <div class="actions">
            <CopyButton
              label={t('Copy URL')}
              onClick={() => {
                send('copyBaseUrl');
              }}
            />
            <CopyButton
              label={t('Copy API Key')}
              onClick={() => {
                send('copyApiKey');
              }}
            />
            {layout === 'panel' && (
              <Button
                label={t('Connect a Client…')}
                onClick={() => {
                  send('connectClient');
                }}
              />
            )}
          </div>
        </div>
      )}
    </header>
  );
}

interface HeaderButton {
  readonly command: PanelCommand;
  readonly label: string;
}

/** Stopped and failed states have their button in the notice, next to the reason. */
function buttonsFor(state: HostState, compact: boolean): HeaderButton[] {
  const restart: HeaderButton = { command: 'restart', label: t('Restart') };
  const stop: HeaderButton = { command: 'stop', label: t('Stop') };
  const life = state.kind === 'ready' ? [restart, stop] : state.kind === 'starting' ? [stop] : [];
  // The side bar has the rest in the menu above the view.
  if (compact) return [{ command: 'openPanel', label: t('Open Dashboard') }];
  return [
    ...life,
    { command: 'showLog', label: t('Log') },
    { command: 'openSettings', label: t('Settings') },
  ];
}

function summarize(state: HostState): Labelled {
  switch (state.kind) {
    case 'stopped':
      return { tone: 'off', label: t('Stopped') };
    case 'starting':
      return { tone: 'busy', label: t('Starting') };
    case 'stopping':
      return { tone: 'busy', label: t('Stopping') };
    case 'failed':
      return { tone: 'bad', label: t('Failed') };
    case 'ready': {
      const { ready, total } = countReady(state.snapshot);
      if (ready === 0) return { tone: 'warn', label: t('No instance ready') };
      if (signedOutIds(state.snapshot).length >= ready) {
        return { tone: 'warn', label: t('Signed out') };
      }
      const name = state.snapshot.demo ? t('Demo') : t('Ready');
      const forms = {
        one: '{0} ({1} of {2} instance)',
        other: '{0} ({1} of {2} instances)',
      };
      return {
        tone: ready < total ? 'warn' : 'good',
        label: plural(total, forms, name, ready, total),
      };
    }
  }
}
