import { countReady } from '../gateway/snapshot';
import type { Send } from './app';
import { Button, CopyButton } from './button';
import { plural, t } from './localize';
import { clientBaseUrl, type HostState } from './protocol';

/** State and what can be done about it; below, what a client needs to connect. */
export function Header({ state, send }: { state: HostState; send: Send }) {
  const { tone, label } = summarize(state);
  const url = clientBaseUrl(state);
  return (
    <header>
      <div class="bar">
        <h1>Lingma Gateway</h1>
        <p class={`state ${tone}`} role="status">
          {label}
        </p>
        <div class="actions">
          <LifeButtons state={state} send={send} />
          <Button
            label={t('Log')}
            onClick={() => {
              send('showLog');
            }}
          />
          <Button
            label={t('Settings')}
            onClick={() => {
              send('openSettings');
            }}
          />
        </div>
      </div>
      {url && state.kind !== 'stopping' && (
        <div class="connect">
          <span id="base-url-label">{t('Base URL')}</span>
          <code aria-labelledby="base-url-label">{url}</code>
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
          </div>
        </div>
      )}
    </header>
  );
}

/** Stopped and failed states have their button in the notice, next to the reason. */
function LifeButtons({ state, send }: { state: HostState; send: Send }) {
  return (
    <>
      {state.kind === 'ready' && (
        <Button
          label={t('Restart')}
          onClick={() => {
            send('restart');
          }}
        />
      )}
      {(state.kind === 'ready' || state.kind === 'starting') && (
        <Button
          label={t('Stop')}
          onClick={() => {
            send('stop');
          }}
        />
      )}
    </>
  );
}

function summarize(state: HostState): { tone: string; label: string } {
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
      const name = state.snapshot.demo ? t('Demo') : t('Ready');
      const forms = {
        one: '{0} ({1} of {2} instance)',
        other: '{0} ({1} of {2} instances)',
      };
      return { tone: 'good', label: plural(total, forms, name, ready, total) };
    }
  }
}
