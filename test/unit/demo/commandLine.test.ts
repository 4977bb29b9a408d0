import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { readCommandLine, usage } from '../../../src/demo/commandLine';
import { type Knobs, UsageError, readKnobs } from '../../../src/demo/knobs';

const good = [
  'start',
  '--transportType=websocket',
  '--workDir=/w d',
  '--socketPort=5001',
  '--httpPort=5002',
];

function knobs(flags: Record<string, string>, env: Record<string, string> = {}): Knobs {
  return readKnobs(new Map(Object.entries(flags)), env);
}

describe('demo command line', () => {
  it('reads the standard arguments and knobs behind them', () => {
    const command = readCommandLine([...good, '--gap-ms=4'], { PATH: '/bin' });
    assert.ok(command.kind === 'run');
    const { workDir, socketPort, httpPort } = command.run;
    assert.deepEqual([workDir, socketPort, httpPort], ['/w d', 5001, 5002]);
    assert.equal(command.run.knobs.gapMs, 4);
  });

  it('lets --help win', () => {
    assert.deepEqual(readCommandLine(['start', '--help'], {}), { kind: 'help' });
    assert.match(usage(), /--session-max=N {2}\(DEMO_LINGMA_SESSION_MAX\)\n.*\[512\]/);
    assert.match(usage(), /DEMO:status-after N CODE/);
  });

  it('refuses what is missing, doubled, unknown or wrong', () => {
    const wrong = [
      [...good, '--workDir=x'],
      [...good, 'extra'],
      [...good, '--gap-ms'],
      good.map((argument) => argument.replace('5002', '70000')),
      good.map((argument) => argument.replace('/w d', '')),
      ['stop', ...good.slice(1)],
    ];
    for (const argv of wrong) assert.throws(() => readCommandLine(argv, {}), UsageError);
  });
});

describe('demo knobs', () => {
  it('has a default for everything', () => {
    const initial = knobs({});
    assert.equal(initial.ackTimeoutMs, 10_000);
    assert.equal(initial.sessionMax, 512);
    assert.equal(initial.askReply, 'isSuccess');
    assert.equal(initial.record, undefined);
    assert.equal(initial.startExit, undefined);
    assert.equal(initial.requiredHeader, undefined);
    assert.equal(initial.staleInfo, 'none');
  });

  it('takes flags over the environment and empty variables as absent', () => {
    const env = { DEMO_LINGMA_DELAY_MS: '5', DEMO_LINGMA_GAP_MS: '', DEMO_LINGMA_BINARY: 'YES' };
    const { delayMs, gapMs, binary } = knobs({ 'delay-ms': '6' }, env);
    assert.deepEqual([delayMs, gapMs, binary], [6, 0, true]);
  });

  it('reads 0, false and no as off', () => {
    for (const text of ['0', 'false', 'no'])
      assert.equal(knobs({ coalesce: text }).coalesce, false);
  });

  it('refuses with a message that names the culprit', () => {
    const refused = (env: Record<string, string>, pattern: RegExp): void => {
      assert.throws(
        () => knobs({}, env),
        (error) => error instanceof UsageError && pattern.test(error.message),
      );
    };
    refused({ DEMO_LINGMA_SPLIT: '-1' }, /^DEMO_LINGMA_SPLIT=-1: expected a whole number/);
    refused({ DEMO_LINGMA_HEADER_CASE: 'x' }, /expected one of canonical, lower, upper/);
    refused({ DEMO_LINGMA_REQUIRED_HEADER: 'a b' }, /expected the name of an HTTP header/);
    refused({ DEMO_LINGMA_STALE_INFO: 'yes' }, /expected one of none, dead-pid, closed-port/);
    refused({ DEMO_LINGMA_NO_INFO: 'on' }, /expected 1, 0, true, false, yes or no/);
    refused({ DEMO_LINGMA_WHAT: '1' }, /unknown environment variable DEMO_LINGMA_WHAT/);
    refused({ DEMO_LINGMA_DELTA_CHARS: '0' }, /from 1 to/);
  });
});
