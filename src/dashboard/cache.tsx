import type { GatewaySnapshot, SessionCacheSnapshot, TurnTotals } from '../gateway/snapshot';
import type { Send } from './app';
import { Button } from './button';
import { count, duration } from './format';
import { plural, t } from './localize';
import { percent } from './numbers';

/** The session cache: how often a conversation was found warm, and what that saved. */
export function Cache({ snapshot, send }: { snapshot: GatewaySnapshot; send: Send }) {
  const { sessionCache: cache, turns, concurrency } = snapshot;
  return (
    <section aria-labelledby="cache-title">
      <div class="bar">
        <h2 id="cache-title">{t('Session cache')}</h2>
        {cache.enabled && (
          <div class="actions">
            <Button
              label={t('Clear')}
              onClick={() => {
                send('clearSessions');
              }}
            />
          </div>
        )}
      </div>
      {!cache.enabled && (
        <p class="quiet">
          {t('Session reuse is off. A value above 0 in')} <code>lingmaGateway.sessionMax</code>{' '}
          {t('switches it on.')}
        </p>
      )}
      <dl class="cards">
        {cache.enabled && <Reuse cache={cache} />}
        <Sent turns={turns} />
        <Card name={t('Turns')} value={count(turns.completed)}>
          {t('{0} failed, {1} cancelled', count(turns.failed), count(turns.cancelled))}
        </Card>
        <Card name={t('In flight')} value={count(concurrency.inFlight)}>
          {t('{0} waiting', count(concurrency.queued))}
        </Card>
      </dl>
    </section>
  );
}

function Reuse({ cache }: { cache: SessionCacheSnapshot }) {
  const lookups = cache.hit_total + cache.miss_total;
  const gone = cache.evict_total + cache.expire_total + cache.invalidate_total;
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
          ? t('{0} in use, kept for {1}', count(cache.leased), duration(cache.ttl_sec))
          : t('{0} in use', count(cache.leased))}
      </Card>
      <Card name={t('Sessions gone')} value={count(gone)}>
        {t(
          '{0} evicted, {1} expired, {2} invalidated',
          count(cache.evict_total),
          count(cache.expire_total),
          count(cache.invalidate_total),
        )}
      </Card>
    </>
  );
}

function Sent({ turns: { sentMessages, totalMessages } }: { turns: TurnTotals }) {
  const saved = totalMessages > 0 ? 1 - sentMessages / totalMessages : 0;
  return (
    <Card name={t('Messages sent')} value={count(sentMessages)} of={count(totalMessages)}>
      {totalMessages > 0 ? t('{0} saved by reuse', percent(saved)) : t('none so far')}
    </Card>
  );
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
      {meter !== undefined && <progress aria-hidden="true" max={1} value={meter} />}
      <dd class="quiet">{children}</dd>
    </div>
  );
}
