/**
 * Everything in the corpus against the launcher, over raw sockets: refused with a 4xx or a closed
 * connection, never a 5xx, never silence, never a second answer; and the gateway is well afterwards.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { HeadlessGateway } from '../support/headless';
import { type Attack, corpus } from './corpus';

/**
 * A client that has said everything and hears nothing for so long is left hanging. Less than the time
 * for a head, after which even one that is waited for would be closed.
 */
const PATIENCE_MS = 8_000;
/** How long after the last byte a further answer would have come. */
const QUIET_MS = 150;

interface Outcome {
  /** Status codes of the answers, in order. */
  readonly statuses: readonly number[];
  readonly closed: boolean;
  readonly text: string;
}

describe('malformed and hostile requests', function () {
  this.timeout(180_000);

  let gateway: HeadlessGateway;

  before(async () => {
    gateway = await HeadlessGateway.launch();
  });

  after(async () => {
    await gateway.stop();
  });

  it('are more than 150, no two of them alike', () => {
    const attacks = corpus({ host: '127.0.0.1:1', apiKey: 'k' });
    assert.ok(attacks.length >= 150, `${attacks.length}`);
    const names = attacks.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length, 'two have one name');
    const bytes = attacks.map((each) => each.bytes.toString('latin1'));
    assert.equal(new Set(bytes).size, bytes.length, 'two are the same');
  });

  it('are refused or answered once, and harm nobody', async () => {
    const target = { host: gateway.baseUrl.replace('http://', ''), apiKey: gateway.apiKey };
    const attacks = corpus(target);
    const wrong: string[] = [];
    // A few at a time, as nothing orders strangers.
    const queue = [...attacks];
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const complaint = judge(next, await send(target.host, next.bytes));
        if (complaint) wrong.push(`${next.name}: ${complaint}`);
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    assert.deepEqual(wrong, []);

    const health = await gateway.fetch('/healthz');
    assert.equal(health.status, 200);
    const answer = await gateway.openai().chat.completions.create({
      model: 'org_auto',
      messages: [{ role: 'user', content: 'still well?' }],
    });
    assert.ok(answer.choices[0]?.message.content);
    const { concurrency, turns } = await gateway.stats();
    assert.equal(concurrency.inFlight, 0);
    assert.equal(turns.completed, 1, 'a refused request has run a turn');
    assert.equal(gateway.child.exitCode, null);
  });
});

function judge({ verdict, answers = 1 }: Attack, { statuses, closed, text }: Outcome): string {
  const seen = `${statuses.join(', ') || 'nothing'}${closed ? ', closed' : ', open'}`;
  if (statuses.some((status) => status >= 500)) return `a server error (${seen})`;
  if (statuses.length > answers) return `answered more than once (${seen})`;
  if (statuses.length === 0 && !closed) return 'left hanging';
  if (verdict === 'refused' && statuses.some((status) => status < 400)) return `served (${seen})`;
  if (verdict === 'answered' && statuses.length === 0) return `not answered (${seen})`;
  if (/\bat .*\.(js|ts):\d+/.test(text)) return 'shows a stack';
  return '';
}

/** Sends everything, keeps its side open, and hears until the other one closes or is done. */
function send(host: string, bytes: Buffer): Promise<Outcome> {
  const [address = '', port = ''] = host.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), address);
    let text = '';
    let quiet: NodeJS.Timeout | undefined;
    const patience = setTimeout(() => {
      finish(false);
    }, PATIENCE_MS);
    const finish = (closed: boolean): void => {
      clearTimeout(patience);
      clearTimeout(quiet);
      socket.destroy();
      // Not only at the start of a line: an answer begins right behind the body of another.
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => Number(code));
      resolve({ statuses, closed, text });
    };
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      clearTimeout(quiet);
      if (/^HTTP\/1\.1 \d{3} /m.test(text)) {
        quiet = setTimeout(() => {
          finish(false);
        }, QUIET_MS);
      }
    });
    // A connection that is reset while we still send is as refused as one that is closed.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      finish(true);
    });
    socket.write(bytes);
  });
}
