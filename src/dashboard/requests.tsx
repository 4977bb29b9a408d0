import type { RequestActivity, RequestDetails } from '../gateway/activity';
import { Button } from './button';
import { useNow } from './clock';
import { clockTime, compact, count, duration } from './format';
import { plural, t } from './localize';
import { requestKey } from './memory';
import type { ReceivedActivity } from './model';
import { More, useRowLimit } from './more';
import { usePage } from './page';
import { RequestTexts } from './requestDetails';
import { Chevron, Section, useDisclosure } from './section';
import { State } from './state';
import { Cell, Model, Table, TwoLines } from './table';
import { isRunning, reasonWords, requestState, senderName, sourceName } from './words';

interface RequestsProps {
  readonly activity: ReceivedActivity;
  readonly details: ReadonlyMap<string, RequestDetails | null>;
}

/** The latest turns, running ones among them; each opens to what is known of it. */
export function Requests({ activity, details }: RequestsProps) {
  const { requests, capturing } = activity.value;
  const now = useNow(requests.some(({ state }) => isRunning(state)));
  const elapsedMs = Math.max(0, now - activity.atMs);
  const limit = useRowLimit('requests', requests.length);
  return (
    <Section
      id="requests"
      title={t('Requests')}
      badge={count(requests.length)}
      actions={<Capture capturing={capturing} />}
    >
      {requests.length === 0 ? (
        <p class="quiet">
          {t('None yet. Requests appear here while they run, and stay for a while after.')}
        </p>
      ) : (
        <Table
          class="requests"
          labelledBy="requests-title"
          columns={[
            { name: t('Time') },
            { name: t('Client') },
            { name: t('Model') },
            { name: t('Session') },
            { name: t('First token'), numeric: true },
            { name: t('Duration'), numeric: true },
            { name: t('Tokens'), numeric: true },
            { name: t('Status') },
          ]}
        >
          <tbody role="rowgroup">
            {requests.slice(0, limit.rows).map((request) => (
              <Row
                key={request.id}
                request={request}
                elapsedMs={elapsedMs}
                details={details.get(request.id)}
                capturing={capturing}
              />
            ))}
          </tbody>
        </Table>
      )}
      <More limit={limit} total={requests.length} />
    </Section>
  );
}

function Capture({ capturing }: { readonly capturing: boolean }) {
  const { send } = usePage();
  return (
    <>
      <span role="status" class={capturing ? 'state warn' : 'unseen'}>
        {capturing ? t('Texts are kept in memory') : t('Texts are not kept')}
      </span>
      <Button
        label={capturing ? t('Stop Keeping Texts') : t('Keep Texts…')}
        onClick={() => {
          send('toggleCapture');
        }}
      />
    </>
  );
}

interface RowProps {
  readonly request: RequestActivity;
  /** Milliseconds since the host told of it. */
  readonly elapsedMs: number;
  /** Undefined until they have come. */
  readonly details: RequestDetails | null | undefined;
  readonly capturing: boolean;
}

function Row({ request, elapsedMs, details, capturing }: RowProps) {
  const { open, toggle } = useDisclosure(requestKey(request.id), false);
  const sender = senderName(request);
  const detailsId = `request-${request.id}`;
  const time = clockTime(request.startedAtMs, 'second');
  const durationMs = request.durationMs + (isRunning(request.state) ? elapsedMs : 0);
  return (
    <>
      <tr role="row" class={open ? 'opened' : ''}>
        <th role="rowheader" scope="row">
          <button
            type="button"
            class="disclosure"
            aria-expanded={open}
            aria-controls={detailsId}
            aria-label={t('Details of the request of {0}', time)}
            onClick={toggle}
          >
            <Chevron />
            <span class="time">{time}</span>
          </button>
        </th>
        <Cell label={t('Client')} class="lines">
          <TwoLines
            main={sender.main}
            more={[sender.more, sourceName(request.source)].filter(Boolean).join(' · ')}
          />
        </Cell>
        <Cell label={t('Model')}>
          <Model name={request.model} />
        </Cell>
        <Cell label={t('Session')} class="lines">
          <Place request={request} />
        </Cell>
        <Cell label={t('First token')} numeric>
          {request.ttftMs === null ? '–' : duration(request.ttftMs)}
        </Cell>
        <Cell label={t('Duration')} numeric>
          {duration(durationMs)}
        </Cell>
        <Cell label={t('Tokens')} numeric>
          <Tokens request={request} />
        </Cell>
        <Cell label={t('Status')} class="status">
          <State {...requestState(request)} />
          {request.errorCode !== null && (
            <code class="quiet more-line error-code">{request.errorCode}</code>
          )}
        </Cell>
      </tr>
      {open && (
        <tr role="row" class="details" id={detailsId}>
          <td role="cell" colSpan={8}>
            <RequestTexts request={request} details={details} capturing={capturing} />
          </td>
        </tr>
      )}
    </>
  );
}

function Place({ request }: Pick<RowProps, 'request'>) {
  const { reason, instanceId, sentMessages, totalMessages } = request;
  if (reason === null) return <span class="quiet">{t('Waiting for a place')}</span>;
  const sent =
    sentMessages === null || sentMessages === totalMessages
      ? plural(totalMessages, { one: '{0} message', other: '{0} messages' }, count(totalMessages))
      : t('{0}/{1} messages', count(sentMessages), count(totalMessages));
  return (
    <TwoLines
      main={reasonWords(reason).name}
      more={[instanceId, sent].filter(Boolean).join(' · ')}
    />
  );
}

function Tokens({
  request: { inputTokens, cachedTokens, outputTokens },
}: Pick<RowProps, 'request'>) {
  if (inputTokens === null && outputTokens === null) return <>–</>;
  const part = (value: number | null): string => (value === null ? '–' : compact(value));
  return (
    <TwoLines
      main={
        <>
          <span class="unseen">{t('{0} in, {1} out', part(inputTokens), part(outputTokens))}</span>
          <span aria-hidden="true">
            {part(inputTokens)} → {part(outputTokens)}
          </span>
        </>
      }
      more={cachedTokens ? t('{0} reused', compact(cachedTokens)) : undefined}
    />
  );
}
