import type { GatewaySnapshot, SessionCacheSnapshot, TurnTotals } from '../gateway/snapshot';
import { bytes, compact, count, duration } from './format';
import { plural, t } from './localize';
import { percent } from './numbers';

/** The numbers that matter most: how often a conversation was found warm, and what that saved. */
export function Figures({ snapshot }: { readonly snapshot: GatewaySnapshot }) {
  const { sessionCache: cache, turns, concurrency } = snapshot;
  return (
    <section aria-label={t('Key figures')}>
      {!cache.enabled && (
        <p class="quiet">
          {t(
            'Session reuse is off. A value above 0 in {0} switches it on.',
            'lingmaGateway.sessionMax',
          )}
        </p>
      )}
      <dl class="cards">
        {cache.enabled && <Reuse cache={cache} />}
        <Saved turns={turns} />
        <Card name={t('Turns')} value={count(turns.completed)}>
          {t('{0} failed, {1} cancelled', count(turns.failed), count(turns.cancelled))}
        </Card>
        <Card name={t('In flight')} value={count(concurrency.inFlight)}>
          {concurrency.queued > 0
            ? t(
                '{0} waiting, the first for {1}',
                count(concurrency.queued),
                duration(concurrency.oldestWaitMs),
              )
            : t('{0} waiting', count(concurrency.queued))}
        </Card>
      </dl>
    </section>
  );
}

function Reuse({ cache }: { readonly cache: SessionCacheSnapshot }) {
  const lookups = cache.hit_total + cache.miss_total;
  return (
    <>
      <Card
        name={t('Hit rate')}
        value={lookups > 0 ? percent(cache.hit_rate) : '–'}
        meter={cache.hit_rate}
      >
        {t(
          '{0}, {1}',
          plural(cache.hit_total, { one: '{0} hit', other: '{0} hits' }, count(cache.hit_total)),
          plural(
            cache.miss_total,
            { one: '{0} miss', other: '{0} misses' },
            count(cache.miss_total),
          ),
        )}
      </Card>
      <Card
        name={t('Sessions')}
        value={count(cache.size)}
        of={count(cache.max)}
        meter={cache.max > 0 ? cache.size / cache.max : 0}
      >
        {cache.ttl_sec > 0
          ? t('{0} in use, kept for {1}', count(cache.leased), duration(cache.ttl_sec * 1000))
          : t('{0} in use', count(cache.leased))}
      </Card>
    </>
  );
}

/** What did not have to be sent, because a session held it already. */
function Saved({ turns }: { readonly turns: TurnTotals }) {
  const { inputTokens, cachedTokens, sentBytes, totalBytes } = turns;
  return (
    <>
      <Card name={t('Tokens saved')} value={share(cachedTokens, inputTokens)}>
        {t('{0} of {1} reused', compact(cachedTokens), compact(inputTokens))}
      </Card>
      <Card name={t('Bytes saved')} value={share(totalBytes - sentBytes, totalBytes)}>
        {t('{0} of {1} sent', bytes(sentBytes), bytes(totalBytes))}
      </Card>
    </>
  );
}

function share(part: number, whole: number): string {
  return whole > 0 ? percent(part / whole) : '–';
}

interface CardProps {
  readonly name: string;
  readonly value: string;
  /** The whole that `value` is a part of. */
  readonly of?: string;
  /** A share of 1, drawn as a bar; the words say the same. */
  readonly meter?: number;
  readonly children: string;
}

function Card({ name, value, of, meter, children }: CardProps) {
  return (
    <div class="card">
      <dt>{name}</dt>
      <dd class="value">
        {value}
        {of !== undefined && <span class="quiet"> {t('of {0}', of)}</span>}
      </dd>
      {meter !== undefined && (
        <dd class="meter" aria-hidden="true">
          <progress max={1} value={meter} />
        </dd>
      )}
      <dd class="quiet">{children}</dd>
    </div>
  );
}
