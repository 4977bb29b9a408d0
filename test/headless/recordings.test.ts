import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'mocha';
import { HeadlessGateway } from '../support/headless';
import { useTempDirs } from '../support/tempDir';
import { conversationOf, formatOf, type Json } from './recordingsReading';
import {
  echoedAnswer,
  readRecording,
  type Received,
  type RecordedRequest,
  RECORDINGS,
  resend,
} from './recordingsReplay';
import { EXPECTED, type ExpectedTurn, OTHER_ROUTES } from './recordingsTable';
import { assertTold, remindersOf, witness, type WitnessedTurn } from './recordingsWitness';

/** How each dialect ends a stream that is whole. */
const STREAM_ENDS: Readonly<Record<string, string>> = {
  'POST /v1/chat/completions': 'data: [DONE]',
  'POST /v1/messages': 'event: message_stop',
  'POST /v1/responses': 'event: response.completed',
};

interface Turn {
  readonly request: RecordedRequest;
  readonly answer: string;
}

interface Replayed extends WitnessedTurn {
  readonly request: RecordedRequest;
  /** Reason and messages sent of how many, from `x-lingma-session`. */
  readonly session: string;
}

describe('headless: recordings of real clients', () => {
  const tempDir = useTempDirs();

  /** Sends the requests one after the other; the demo gives each turn the answer meant for it. */
  async function replay(
    requests: readonly RecordedRequest[],
    turns: readonly Turn[],
  ): Promise<Replayed[]> {
    const folder = tempDir();
    const write = (name: string, value: unknown): string => {
      const file = path.join(folder, name);
      writeFileSync(file, JSON.stringify(value));
      return file;
    };
    const answers = turns.map(({ answer }) => answer);
    const models = [...new Set(turns.map(({ request }) => String(request.body?.['model'])))];
    const gateway = await HeadlessGateway.launch({
      // Named, because an installed Lingma would go before the demo.
      flags: ['--lingma', path.resolve('dist/demo.js')],
      env: {
        DEMO_LINGMA_ANSWERS: write('answers.json', answers),
        // A model of its own for each name, so that a client that changes its model does so here.
        DEMO_LINGMA_MODELS: write('models.json', {
          chat: models.map((name) => ({ key: name, displayName: name })),
        }),
      },
    });
    try {
      const served: { request: RecordedRequest; session: string }[] = [];
      for (const request of requests) {
        const received = await resend(request, gateway);
        if (request.conversation.length > 0) {
          served.push({ request, session: placementOf(request, received) });
        } else {
          assert.equal(received.status, OTHER_ROUTES[request.route], request.route);
        }
      }
      const seen = witness(gateway.records(), answers);
      assert.equal(seen.length, served.length, 'asks of the process');
      assert.deepEqual(gateway.upstreamProblems(), []);
      return served.flatMap((turn, index) => {
        const told = seen[index];
        return told ? [{ ...turn, ...told }] : [];
      });
    } finally {
      await gateway.stop();
    }
  }

  it('has an expectation for every recording', () => {
    assert.deepEqual(Object.keys(EXPECTED), readdirSync(RECORDINGS).sort());
  });

  for (const [name, expected] of Object.entries(EXPECTED)) {
    it(name, async () => {
      const requests = readRecording(name);
      const turns = turnsOf(requests, expected);
      const replayed = await replay(requests, turns);
      assert.deepEqual(
        replayed.map(({ request: { n }, session }) => `${n} ${session}`),
        expected.map(({ n, session }) => `${n} ${session}`),
      );
      for (const { request, told, continued, session } of replayed) {
        assert.equal(continued, session.startsWith('continued'), `#${request.n}`);
        assertTold(told, request.conversation);
      }
    });
  }

  /**
   * The recordings of the day after begin with the request that follows midnight. The day before is
   * what they repeat of it, as the client had it then.
   */
  async function nextDay(name: string, yesterday: (body: Json) => Json): Promise<Replayed> {
    const last = readRecording(name).at(-1);
    assert.ok(last?.body);
    const { url, conversation } = last;
    const [pathname = ''] = url.split('?');
    const messages = last.body['messages'] as readonly Json[];
    const before = messages.flatMap(({ role }, index): RecordedRequest[] => {
      if (role !== 'assistant') return [];
      const body = yesterday({ ...last.body, messages: messages.slice(0, index) });
      return [
        { ...last, n: index - messages.length, body, conversation: conversationOf(pathname, body) },
      ];
    });
    const requests = [...before, last];
    const replayed = await replay(
      requests,
      requests.map((request, index) => {
        const later = requests[index + 1];
        return { request, answer: later ? echoedAnswer(request, later) : 'Good morning.' };
      }),
    );
    const morning = replayed.at(-1);
    assert.ok(morning);
    assertTold(morning.told, conversation);
    return morning;
  }

  it('tells a continued session what a reminder says now (claude-code-9-dayroll)', async () => {
    const old = '[text 49e86529eb52 269 chars]';
    const now = '[text 8b85615dabc2 269 chars]';
    const { session, prompt, request } = await nextDay('claude-code-9-dayroll.json', (body) => {
      return JSON.parse(JSON.stringify(body).replaceAll(now, old)) as Json;
    });
    assert.equal(session, 'continued 1/7');
    assert.deepEqual(remindersOf(request.conversation), [
      `<system-reminder>${now}</system-reminder>`,
    ]);
    assert.equal(prompt.split(now).length, 2);
    assert.ok(!prompt.includes(old) && !prompt.includes('TURN_1'));
  });

  it('brings a system message that a client appends (claude-code-latest-9-dayroll)', async () => {
    const { session, prompt } = await nextDay('claude-code-latest-9-dayroll.json', (body) => body);
    assert.equal(session, 'continued 2/8');
    assert.match(prompt, /^\[User\]\nTURN_9 next day\n\n\[System\]\nThe date has changed\. [^[]*$/);
  });

  it('sends everything where the system prompt was written anew (opencode-9-dayroll)', async () => {
    // The text of opencode-1, which ran on the day before.
    const { session } = await nextDay('opencode-9-dayroll.json', (body) => {
      const text = JSON.stringify(body);
      return JSON.parse(text.replace('[text f477dfbfa40c', '[text c55ef435ad82')) as Json;
    });
    assert.equal(session, 'diverged 14/14');
  });

  it('sends a reminder that moved with the newest message, and no second time (qwen-latest-1)', async () => {
    const requests = readRecording('qwen-latest-1.json');
    const turns = turnsOf(requests, EXPECTED['qwen-latest-1.json'] ?? []);
    const moved = '<system-reminder>[text 1f7204771aa9 189 chars]</system-reminder>';
    const prompts = (await replay(requests, turns)).map(
      ({ prompt }) => prompt.split(moved).length - 1,
    );
    // At first, and where it now stands: in the newest message.
    assert.deepEqual(prompts, [1, 0, 0, 1, 0]);
  });
});

/** An answer that nobody repeats, in the form the request asks for. */
function ownAnswer({ n, body }: RecordedRequest): string {
  const text = `Nobody repeats answer ${n}.`;
  const [field] = /"required":\["(\w+)"\]/.exec(JSON.stringify(formatOf(body)))?.slice(1) ?? [];
  return field === undefined ? text : JSON.stringify({ [field]: text });
}

/** Every turn with the answer that a later request repeats, or one of its own. */
function turnsOf(requests: readonly RecordedRequest[], expected: readonly ExpectedTurn[]): Turn[] {
  return requests
    .filter(({ conversation }) => conversation.length > 0)
    .map((request) => {
      const next = expected.find(({ after }) => after === request.n);
      const later = requests.find(({ n }) => n === next?.n);
      return { request, answer: later ? echoedAnswer(request, later) : ownAnswer(request) };
    });
}

function placementOf({ n, route, body }: RecordedRequest, received: Received): string {
  const { status, headers, text } = received;
  assert.equal(status, 200, `#${n}: ${text.slice(0, 300)}`);
  if (body?.['stream'] === true) {
    assert.ok(text.includes(STREAM_ENDS[route] ?? '?'), `#${n} has no end`);
  } else {
    JSON.parse(text);
  }
  const header = String(headers['x-lingma-session']);
  const found = /^(\w+);.* sent=(\d+\/\d+)$/.exec(header);
  assert.ok(found, header);
  return `${found[1] ?? ''} ${found[2] ?? ''}`;
}
