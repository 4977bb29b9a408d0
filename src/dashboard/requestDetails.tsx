import { useEffect } from 'preact/hooks';
import type { RequestActivity, RequestDetails } from '../gateway/activity';
import { Button } from './button';
import { count } from './format';
import { t } from './localize';
import { usePage } from './page';
import { isRunning, reasonWords } from './words';

interface RequestTextsProps {
  readonly request: RequestActivity;
  readonly details: RequestDetails | null | undefined;
  readonly capturing: boolean;
}

/** What an opened request shows: its numbers in full, and its texts if they were kept. */
export function RequestTexts({ request, details, capturing }: RequestTextsProps) {
  const { ask } = usePage();
  // Asked for again whenever there is more to learn: at its first piece, and at its end.
  useEffect(() => {
    ask(request.id);
  }, [request.id, request.state, request.captured]);
  const facts: readonly (readonly [string, string])[] = [
    [t('Request id'), request.id],
    ...(request.reason === null
      ? []
      : ([[t('Session'), reasonWords(request.reason).meaning]] as const)),
    ...tokenFacts(request),
    ...(request.errorCode === null ? [] : ([[t('Error code'), request.errorCode]] as const)),
  ];
  return (
    <>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Texts request={request} details={details} capturing={capturing} />
    </>
  );
}

function tokenFacts({
  inputTokens,
  cachedTokens,
  outputTokens,
}: RequestActivity): (readonly [string, string])[] {
  const facts: (readonly [string, string | null])[] = [
    [t('Input tokens'), inputTokens === null ? null : count(inputTokens)],
    [t('Reused tokens'), cachedTokens === null ? null : count(cachedTokens)],
    [t('Output tokens'), outputTokens === null ? null : count(outputTokens)],
  ];
  return facts.filter((fact): fact is readonly [string, string] => fact[1] !== null);
}

function Texts({ request, details, capturing }: RequestTextsProps) {
  const { send } = usePage();
  if (details === undefined) return <p class="quiet">{t('Loading…')}</p>;
  if (details === null) {
    return <p class="quiet">{t('The gateway no longer keeps this request.')}</p>;
  }
  const { asked, answered, cut } = details;
  if (asked === null && answered === null) {
    return capturing ? (
      <p class="quiet">{t('This request came before texts were kept.')}</p>
    ) : (
      <div class="offer">
        <p class="quiet">
          {t(
            'Its texts were not kept. You can have them kept for the requests that follow: in memory only, without keys and images, until you stop it or the gateway ends.',
          )}
        </p>
        <Button
          label={t('Keep Texts…')}
          onClick={() => {
            send('toggleCapture');
          }}
        />
      </div>
    );
  }
  return (
    <>
      <Text title={t('Asked')} text={asked} />
      <Text
        title={isRunning(request.state) ? t('Answered so far') : t('Answered')}
        text={answered}
      />
      {cut && <p class="quiet">{t('Only the beginning of long texts is kept.')}</p>}
    </>
  );
}

function Text({ title, text }: { readonly title: string; readonly text: string | null }) {
  if (text === null) return null;
  return (
    <figure class="text">
      <figcaption>{title}</figcaption>
      {/* Long texts scroll by themselves, which the keyboard has to reach. */}
      <pre tabIndex={0} role="region" aria-label={title}>
        {text === '' ? <span class="quiet">{t('Nothing.')}</span> : text}
      </pre>
    </figure>
  );
}
