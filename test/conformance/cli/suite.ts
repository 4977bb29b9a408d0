import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'mocha';
import { writeCall } from '../../../src/conversation/toolBlocks';
import { eventually, HeadlessGateway } from '../../support/headless';
import type { Feature, Mode } from '../features';
import { type Exchange, RecordingProxy } from '../recordingProxy';
import { Agent, type Ending } from './agent';
import type { CliClient } from './client';
import { removeFolder } from '../../support/tempDir';

/** An answer of the demo to a prompt that holds `match`. */
interface Prepared {
  readonly match: string;
  readonly answer: string;
}

/** A gateway that gives prepared answers, and the way to it that sees every exchange. */
class Stage {
  readonly gateway: HeadlessGateway;
  readonly proxy: RecordingProxy;
  readonly #folder: string;

  private constructor(gateway: HeadlessGateway, proxy: RecordingProxy, folder: string) {
    this.gateway = gateway;
    this.proxy = proxy;
    this.#folder = folder;
  }

  static async open(
    answers: readonly Prepared[],
    knobs: Readonly<Record<string, string>> = {},
  ): Promise<Stage> {
    const folder = mkdtempSync(path.join(tmpdir(), 'lingma-test-'));
    const file = path.join(folder, 'answers.json');
    writeFileSync(file, JSON.stringify(answers));
    const gateway = await HeadlessGateway.launch({
      env: { DEMO_LINGMA_ANSWERS: file, ...knobs },
    });
    return new Stage(gateway, await RecordingProxy.start(gateway.baseUrl), folder);
  }

  async close(): Promise<void> {
    await this.proxy.stop();
    await this.gateway.stop();
    await removeFolder(this.#folder);
  }
}

/** All features with one agent; `worked` notes each that did. */
export function describeCli(
  client: CliClient,
  worked: (feature: Feature, mode: Mode) => void,
): void {
  describe(client.name, function () {
    this.timeout(1000 * (client.patienceSeconds + 30));
    let stage: Stage;
    let agent: Agent;

    before(async () => {
      stage = await Stage.open(preparedAnswers(client));
      agent = new Agent(client, { baseUrl: stage.proxy.baseUrl, apiKey: stage.gateway.apiKey });
    });
    after(async () => {
      agent.remove();
      await stage.close();
    });

    const note = (...names: readonly Feature[]): void => {
      for (const name of names) worked(name, 'streamed');
    };

    /** What `run` says, and the turns of the conversation itself that it took. */
    async function watch(
      run: () => Promise<Ending>,
    ): Promise<{ output: string; turns: Exchange[] }> {
      const seen = stage.proxy.exchanges.length;
      const { how, output } = await run();
      const exchanges = stage.proxy.exchanges.slice(seen);
      const story = `${output}\n${exchanges.map(line).join('\n')}`;
      assert.equal(how, 'code 0', story);
      for (const exchange of exchanges) assert.ok(exchange.status < 400, story);
      const turns = exchanges.filter((exchange) => isTurn(client, exchange));
      assert.deepEqual(stage.gateway.upstreamProblems(), []);
      return { output, turns };
    }

    const sessions = (turns: readonly Exchange[]): string[] =>
      turns.map(({ session }) => session.split(';')[0] ?? '');

    it('completes a prompt and shows the thoughts behind it', async () => {
      const { output, turns } = await watch(() =>
        agent.run('Please answer CF-TEXT now.', { detailed: true }),
      );
      assert.match(output, /The reply is CF-ONE 你好\./);
      assert.deepEqual(sessions(turns), ['new']);
      note('text');
      if (client.without.reasoning === undefined) {
        assert.match(output, /CF-WONDER/);
        note('reasoning');
      }
    });

    it('continues its session in another process and runs the tools it is asked to', async () => {
      const made = (name: string): string =>
        readFileSync(path.join(agent.work, `${name}.txt`), 'utf8');
      const { output, turns } = await watch(() =>
        agent.run('Please do CF-TOOL now.', { again: true, detailed: true }),
      );
      assert.equal(made('one'), 'one-42\n');
      assert.deepEqual([made('two'), made('three')], ['two-42\n', 'three-42\n']);
      assert.match(output, /The reply is CF-TWO\./);
      // The prompt, one result, and both results of the answer that held two calls.
      assert.deepEqual(sessions(turns), ['continued', 'continued', 'continued']);
      note('multiTurn', 'tools', 'parallelTools');
    });

    it('goes on in the same session behind thoughts that came with calls', async () => {
      const { output, turns } = await watch(() =>
        agent.run('Please answer CF-LAST now.', { again: true, detailed: true }),
      );
      assert.match(output, /The reply is CF-THREE\./);
      const [turn, ...others] = turns;
      assert.ok(turn && others.length === 0);
      if (client.listsFolder) assert.match(turn.session, /^new;/);
      // Nothing of what was said before had to be told again.
      else assert.match(turn.session, /^continued;.* sent=1\//);
      if (client.returnsThoughts) assert.match(turn.requestBody, /CF-PONDER[^]*CF-REFLECT/);
    });

    it('tells its user of a refusal', async () => {
      const stranger = new Agent(client, { baseUrl: stage.proxy.baseUrl, apiKey: 'wrong' });
      try {
        const seen = stage.proxy.exchanges.length;
        const { output } = await stranger.run('Please answer CF-TEXT now.');
        assert.ok(stage.proxy.exchanges.slice(seen).some(({ status }) => status === 401));
        assert.match(output, /API key|401|unauthorized/i);
        assert.doesNotMatch(output, /The reply is/);
        note('error');
      } finally {
        stranger.remove();
      }
    });

    if (client.givesUp) {
      it('tells its user of an answer that breaks off', async () => {
        const hurt = new Agent(client, {
          baseUrl: stage.proxy.baseUrl,
          apiKey: stage.gateway.apiKey,
        });
        try {
          const broken = 'Please break off.\nDEMO:words 9\nDEMO:status-after 4 500 it broke';
          const { how, output } = await hurt.run(broken);
          assert.notEqual(how, 'code 0', output);
          assert.match(output, /it broke/);
        } finally {
          hurt.remove();
        }
      });
    }

    it('stops the turn when it is interrupted', async () => {
      const slow = await Stage.open(preparedAnswers(client), {
        DEMO_LINGMA_GAP_MS: '250',
        DEMO_LINGMA_DELTA_CHARS: '3',
      });
      const { proxy, gateway } = slow;
      const hasty = new Agent(client, { baseUrl: proxy.baseUrl, apiKey: gateway.apiKey });
      try {
        const begun = (exchange: Exchange): boolean =>
          isTurn(client, exchange) && exchange.responseBody.includes('CF');
        await hasty.interrupt('Please answer CF-LONG now.', () =>
          eventually(
            'the beginning of the answer',
            () => proxy.exchanges.some(begun),
            1000 * client.patienceSeconds,
          ),
        );
        await eventually(
          'the cancelled turn',
          async () => (await gateway.stats()).turns.cancelled > 0,
        );
        assert.ok(gateway.upstream('chat/stop').length > 0);
        note('abort');
      } finally {
        hasty.remove();
        await slow.close();
      }
    });
  });
}

/** Each prompt holds a word of its own, and each tool's output one that no prompt holds. */
function preparedAnswers(client: CliClient): Prepared[] {
  const look = (name: string): string => {
    const { tool, parameters } = client.shell(`echo ${name}-$((40+2)) | tee ${name}.txt`);
    return writeCall(tool, JSON.stringify(parameters));
  };
  const thought = (text: string): string => `\`\`\`\`think::1\n${text}\n\`\`\`\`\n`;
  const { sideRequest } = client;
  return [
    // A side request repeats the user's words, so its answers come first; each is given once.
    ...(sideRequest === undefined
      ? []
      : Array.from({ length: 10 }, () => ({ match: sideRequest, answer: 'Nothing to note.' }))),
    { match: 'CF-TEXT', answer: `${thought('CF-WONDER')}The reply is CF-ONE 你好.` },
    { match: 'CF-TOOL', answer: `${thought('CF-PONDER')}I look.\n${look('one')}` },
    {
      match: 'one-42',
      answer: `${thought('CF-REFLECT')}I look twice.\n${look('two')}\n${look('three')}`,
    },
    { match: 'three-42', answer: 'The reply is CF-TWO.' },
    { match: 'CF-LAST', answer: 'The reply is CF-THREE.' },
    { match: 'CF-LONG', answer: 'CF '.repeat(1000) },
  ];
}

/** A request of the conversation itself: neither a probe nor a side request. */
function isTurn({ endpoint, sideRequest }: CliClient, exchange: Exchange): boolean {
  return (
    exchange.method === 'POST' &&
    exchange.path.split('?')[0] === endpoint &&
    (sideRequest === undefined || !exchange.requestBody.includes(sideRequest))
  );
}

function line({ method, path: url, status, session, responseBody }: Exchange): string {
  const why = status < 400 ? '' : responseBody.slice(0, 500);
  return `${method} ${url} ${String(status)} ${session} ${why}`;
}
