import type { ComponentChildren } from 'preact';
import { countReady, type GatewaySnapshot, signedOutIds } from '../gateway/snapshot';
import type { Send } from './app';
import { Button } from './button';
import { t } from './localize';
import type { HostState, PanelCommand } from './protocol';

interface Step {
  readonly label: string;
  readonly command: PanelCommand;
}

/** What is out of the ordinary, and the next step; nothing when all is well. */
export function Notice({ state, send }: { state: HostState; send: Send }) {
  switch (state.kind) {
    case 'stopped':
      return (
        <Box tone="info" send={send} steps={[{ label: t('Start Gateway'), command: 'start' }]}>
          {t('The gateway is stopped. Clients cannot connect until it is started.')}
        </Box>
      );
    case 'starting':
      return (
        <Box tone="info" send={send} steps={[]}>
          {t('Starting Lingma. The first answer is possible as soon as one instance is ready.')}
        </Box>
      );
    case 'stopping':
      return null;
    case 'failed':
      return (
        <Box tone="error" send={send} steps={failureSteps(state.code)}>
          {state.problem}
        </Box>
      );
    case 'ready':
      return (
        <>
          <SignedOut snapshot={state.snapshot} send={send} />
          <Demo snapshot={state.snapshot} send={send} />
        </>
      );
  }
}

interface OfSnapshot {
  readonly snapshot: GatewaySnapshot;
  readonly send: Send;
}

function SignedOut({ snapshot, send }: OfSnapshot) {
  const ids = signedOutIds(snapshot);
  if (ids.length === 0) return null;
  const all = ids.length >= countReady(snapshot).ready;
  return (
    <Box tone="warning" send={send} steps={[{ label: t('Sign In'), command: 'signIn' }]}>
      {all
        ? t('Lingma is signed out, so requests fail.')
        : t('Not signed in: {0}. Requests that go there fail.', ids.join(', '))}{' '}
      {t('You sign in on a page in your browser.')}
    </Box>
  );
}

function Demo({ snapshot, send }: OfSnapshot) {
  if (!snapshot.demo) return null;
  return (
    <Box
      tone="warning"
      send={send}
      steps={[{ label: t('Set Path of Lingma'), command: 'chooseLingma' }]}
    >
      <strong>{t('Demo.')}</strong>{' '}
      {t('No Lingma was found, so an embedded demo answers. To get real answers, set')}{' '}
      <code>lingmaGateway.lingmaPath</code>
      {t('; the gateway then restarts by itself.')}
    </Box>
  );
}

interface BoxProps {
  readonly tone: 'info' | 'warning' | 'error';
  readonly steps: readonly Step[];
  readonly send: Send;
  readonly children: ComponentChildren;
}

function Box({ tone, steps, send, children }: BoxProps) {
  return (
    <section class={`notice ${tone}`} {...(tone === 'error' && { role: 'alert' })}>
      <p>{children}</p>
      {steps.length > 0 && (
        <div class="actions">
          {steps.map(({ label, command }, index) => (
            <Button
              key={command}
              label={label}
              primary={index === 0}
              onClick={() => {
                send(command);
              }}
            />
          ))}
        </div>
      )}
    </section>
  );
}

function failureSteps(code: string): Step[] {
  const retry: Step = { label: t('Retry'), command: 'start' };
  const log: Step = { label: t('Show Log'), command: 'showLog' };
  if (code === 'port_in_use' || code === 'port_not_allowed') {
    return [{ label: t('Choose Another Port'), command: 'choosePort' }, retry, log];
  }
  if (code === 'binary_not_found') {
    return [{ label: t('Set Path of Lingma'), command: 'chooseLingma' }, retry, log];
  }
  return [retry, { label: t('Open Settings'), command: 'openSettings' }, log];
}
