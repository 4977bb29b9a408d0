import type { ComponentChildren } from 'preact';
import { countReady, type GatewaySnapshot, signedOutIds } from '../gateway/snapshot';
import { Button } from './button';
import { t } from './localize';
import { usePage } from './page';
import type { HostState, PanelCommand } from './protocol';

interface Step {
  readonly label: string;
  readonly command: PanelCommand;
}

/** What is out of the ordinary, and the next step; nothing when all is well. */
export function Notice({ state }: { readonly state: HostState }) {
  switch (state.kind) {
    case 'stopped':
      return (
        <Box
          tone="info"
          steps={[
            { label: t('Start Gateway'), command: 'start' },
            { label: t('Open Walkthrough'), command: 'openWalkthrough' },
          ]}
        >
          {t('The gateway is stopped. Clients cannot connect until it is started.')}
        </Box>
      );
    case 'starting':
      return (
        <Box tone="info" steps={[{ label: t('Show Log'), command: 'showLog' }]}>
          {t('Starting Lingma. The first answer is possible as soon as one instance is ready.')}
        </Box>
      );
    case 'stopping':
      return null;
    case 'failed':
      return (
        <Box tone="error" steps={failureSteps(state.code)}>
          {state.problem}
        </Box>
      );
    case 'ready':
      return (
        <>
          <SignedOut snapshot={state.snapshot} />
          <Demo snapshot={state.snapshot} />
          {state.role === 'follower' && (
            <Box tone="info" steps={[]}>
              {t(
                'Another window runs the gateway for all windows, and this one shows the same. When that window closes, another takes over by itself.',
              )}
            </Box>
          )}
          <Unused snapshot={state.snapshot} />
        </>
      );
  }
}

interface OfSnapshot {
  readonly snapshot: GatewaySnapshot;
}

function SignedOut({ snapshot }: OfSnapshot) {
  const ids = signedOutIds(snapshot);
  if (ids.length === 0) return null;
  const all = ids.length >= countReady(snapshot).ready;
  return (
    <Box tone="warning" steps={[{ label: t('Sign In'), command: 'signIn' }]}>
      {all
        ? t('Lingma is signed out, so requests fail.')
        : t('Not signed in: {0}. Requests that go there fail.', ids.join(', '))}{' '}
      {t('You sign in on a page in your browser.')}
    </Box>
  );
}

function Demo({ snapshot }: OfSnapshot) {
  if (!snapshot.demo) return null;
  return (
    <Box tone="warning" steps={[{ label: t('Set Path of Lingma'), command: 'chooseLingma' }]}>
      {t(
        'This is a demo: no Lingma was found, so an embedded stand-in answers. Set the path of Lingma to get real answers; the gateway then restarts by itself.',
      )}
    </Box>
  );
}

/** A gateway that works but that nobody has asked anything: how to use it. */
function Unused({ snapshot: { instances, turns } }: OfSnapshot) {
  const { layout } = usePage();
  const asked = turns.completed + turns.failed + turns.cancelled > 0;
  const useful = countReady({ instances }).ready > signedOutIds({ instances }).length;
  // In the side bar the empty tree says so.
  if (layout === 'view' || asked || !useful) return null;
  return (
    <Box
      tone="info"
      steps={[
        { label: t('Connect a Client…'), command: 'connectClient' },
        { label: t('Test the Connection'), command: 'testConnection' },
        { label: t('Open Walkthrough'), command: 'openWalkthrough' },
      ]}
    >
      {t('The gateway is ready, and nobody has asked it anything yet.')}
    </Box>
  );
}

interface BoxProps {
  readonly tone: 'info' | 'warning' | 'error';
  readonly steps: readonly Step[];
  readonly children: ComponentChildren;
}

function Box({ tone, steps, children }: BoxProps) {
  const { send } = usePage();
  return (
    <div class={`notice ${tone}`} {...(tone === 'error' && { role: 'alert' })}>
      <p>{children}</p>
      {steps.length > 0 && (
        <div class="actions">
          {steps.map(({ label, command }, index) => (
            <Button
              key={command}
              label={label}
              look={index === 0 ? 'primary' : 'secondary'}
              onClick={() => {
                send(command);
              }}
            />
          ))}
        </div>
      )}
    </div>
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
