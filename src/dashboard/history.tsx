import type { HistorySample } from '../gateway/activity';
import { Button } from './button';
import { Chart } from './chart';
import { niceCeiling } from './chartScale';
import { clockTime, count, duration } from './format';
import { plural, t } from './localize';
import { percent } from './numbers';
import { Section, useDisclosure } from './section';
import { Cell, RowHead, Table } from './table';

/** Hit rate and latency over the last hour, as charts or as the table of their numbers. */
export function History({ history }: { readonly history: readonly HistorySample[] }) {
  const { open: asTable, toggle } = useDisclosure('history-table', false);
  const answered = history.filter((sample) => turnsOf(sample) > 0);
  return (
    <Section
      id="history"
      title={t('The last hour')}
      actions={
        answered.length > 0 && (
          <Button label={asTable ? t('Show Charts') : t('Show as Table')} onClick={toggle} />
        )
      }
    >
      {answered.length === 0 ? (
        <p class="quiet">{t('No turn in the last hour.')}</p>
      ) : asTable ? (
        <Numbers samples={answered} />
      ) : (
        <div class="charts">
          <HitRate history={history} />
          <Latency history={history} />
        </div>
      )}
    </Section>
  );
}

interface OfHistory {
  readonly history: readonly HistorySample[];
}

function HitRate({ history }: OfHistory) {
  const hits = sum(history, ({ hits: value }) => value);
  const lookups = hits + sum(history, ({ misses }) => misses);
  const failed = sum(history, (sample) => sample.failed);
  return (
    <Chart
      title={t('Hit rate')}
      series={[{ name: t('Hit rate'), look: 'first', values: history.map(hitRate) }]}
      max={1}
      formatValue={percent}
      {...ends(history)}
      summary={[
        t('{0} of {1} turns continued a session', count(hits), count(lookups)),
        ...(failed > 0 ? [t('{0} failed', count(failed))] : []),
      ].join(' · ')}
      describe={(index) => describe(history[index], turnWords)}
    />
  );
}

function Latency({ history }: OfHistory) {
  const all = history.flatMap(({ ttftMs, durationMs }) => [ttftMs ?? 0, durationMs ?? 0]);
  const durations = values(history, ({ durationMs }) => durationMs);
  const firsts = values(history, ({ ttftMs }) => ttftMs);
  return (
    <Chart
      title={t('Latency')}
      series={[
        { name: t('First token'), look: 'first', values: history.map(({ ttftMs }) => ttftMs) },
        {
          name: t('Whole answer'),
          look: 'second',
          values: history.map(({ durationMs }) => durationMs),
        },
      ]}
      max={niceCeiling(Math.max(...all))}
      formatValue={duration}
      {...ends(history)}
      summary={t(
        'Typically {0} to the first token, {1} to the whole answer',
        middle(firsts),
        middle(durations),
      )}
      describe={(index) => describe(history[index], latencyWords)}
    />
  );
}

/** The numbers behind the charts, minutes without a turn left out. */
function Numbers({ samples }: { readonly samples: readonly HistorySample[] }) {
  return (
    <Table
      class="history"
      labelledBy="history-title"
      columns={[
        { name: t('Time') },
        { name: t('Hits'), numeric: true },
        { name: t('Misses'), numeric: true },
        { name: t('Failed'), numeric: true },
        { name: t('Hit rate'), numeric: true },
        { name: t('First token'), numeric: true },
        { name: t('Whole answer'), numeric: true },
      ]}
    >
      <tbody role="rowgroup">
        {samples.toReversed().map((sample) => (
          <tr key={sample.atMs} role="row">
            <RowHead>{clockTime(sample.atMs, 'minute')}</RowHead>
            <Cell label={t('Hits')} numeric>
              {count(sample.hits)}
            </Cell>
            <Cell label={t('Misses')} numeric>
              {count(sample.misses)}
            </Cell>
            <Cell label={t('Failed')} numeric>
              {count(sample.failed)}
            </Cell>
            <Cell label={t('Hit rate')} numeric>
              {orDash(hitRate(sample), percent)}
            </Cell>
            <Cell label={t('First token')} numeric>
              {orDash(sample.ttftMs, duration)}
            </Cell>
            <Cell label={t('Whole answer')} numeric>
              {orDash(sample.durationMs, duration)}
            </Cell>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function ends(history: readonly HistorySample[]): { readonly from: string; readonly to: string } {
  const first = history[0];
  return { from: first ? clockTime(first.atMs, 'minute') : '', to: t('now') };
}

function describe(
  sample: HistorySample | undefined,
  words: (sample: HistorySample) => string,
): string {
  if (!sample) return '';
  const says = turnsOf(sample) === 0 ? t('no turn') : words(sample);
  return t('{0}: {1}', clockTime(sample.atMs, 'minute'), says);
}

function turnWords(sample: HistorySample): string {
  return [
    orDash(hitRate(sample), percent),
    plural(sample.hits, { one: '{0} hit', other: '{0} hits' }, count(sample.hits)),
    plural(sample.misses, { one: '{0} miss', other: '{0} misses' }, count(sample.misses)),
    ...(sample.failed > 0 ? [t('{0} failed', count(sample.failed))] : []),
  ].join(' · ');
}

function latencyWords({ ttftMs, durationMs }: HistorySample): string {
  return t(
    'first token after {0}, answer after {1}',
    orDash(ttftMs, duration),
    orDash(durationMs, duration),
  );
}

function hitRate({ hits, misses }: HistorySample): number | null {
  return hits + misses > 0 ? hits / (hits + misses) : null;
}

function turnsOf({ hits, misses, failed }: HistorySample): number {
  return hits + misses + failed;
}

function orDash(value: number | null, words: (value: number) => string): string {
  return value === null ? '–' : words(value);
}

function sum(history: readonly HistorySample[], value: (sample: HistorySample) => number): number {
  return history.reduce((total, sample) => total + value(sample), 0);
}

function values(
  history: readonly HistorySample[],
  value: (sample: HistorySample) => number | null,
): number[] {
  return history.map(value).filter((one) => one !== null);
}

/** The median of what the minutes say. */
function middle(numbers: readonly number[]): string {
  const sorted = numbers.toSorted((a, b) => a - b);
  return orDash(sorted[Math.floor((sorted.length - 1) / 2)] ?? null, duration);
}
