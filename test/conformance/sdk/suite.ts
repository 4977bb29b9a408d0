import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { writeCall } from '../../../src/conversation/toolBlocks';
import { eventually, HeadlessGateway } from '../../support/headless';
import type { Feature, Mode } from '../features';
import type { Call, SdkClient, SdkConversation } from './client';

/** What the demo answers to a prompt that ends with this line. */
const answer = (text: string): string => `DEMO:echo-json ${JSON.stringify(text)}`;

/** All features with one library; `worked` notes each that did. */
export function describeSdk(
  client: SdkClient,
  worked: (feature: Feature, mode: Mode) => void,
): void {
  describe(client.name, () => {
    let gateway: HeadlessGateway;
    /** How the newest answered turn found its session. */
    let session = '';

    before(async () => {
      gateway = await HeadlessGateway.launch({ env: { DEMO_LINGMA_DELTA_CHARS: '3' } });
    });
    after(() => gateway.stop());

    function begin(model = client.model, apiKey = gateway.apiKey): SdkConversation {
      const watched: typeof fetch = async (input, init) => {
        const response = await fetch(input, init);
        session = response.headers.get('x-lingma-session') ?? '';
        return response;
      };
      return client.connect({ baseUrl: gateway.baseUrl, apiKey, fetch: watched }, model);
    }

    for (const mode of client.modes) {
      const streaming = mode === 'streamed';
      const feature = (name: Feature, title: string, run: () => Promise<void>): void => {
        if (client.without[name] !== undefined) return;
        // The first of a library loads it, which is a thousand files.
        it(`${title}, ${mode}`, async () => {
          await run();
          worked(name, mode);
        }).timeout(60_000);
      };

      feature('text', 'answers with text', async () => {
        const text = ' Hello, 你好 🙂!\n\nTwo  spaces. ';
        const chat = begin();
        chat.user(answer(text));
        const reply = await chat.ask({ streaming });
        assert.equal(reply.text, text);
        assert.deepEqual(reply.calls, []);
        assert.equal(reply.finish, client.finishes.text);
        assert.ok(Number(reply.inputTokens) > 0, 'no usage');
        assert.match(session, /^new;/);
      });

      feature('multiTurn', 'continues one session from turn to turn', async () => {
        const chat = begin();
        for (let turn = 1; turn <= 4; turn++) {
          chat.user(`${mode} turn ${turn}\n${answer(`reply ${turn}`)}`);
          const reply = await chat.ask({ streaming });
          assert.equal(reply.text, `reply ${turn}`);
          assert.match(session, turn === 1 ? /^new;/ : /^continued;.*sent=1\//);
        }
      });

      feature('tools', 'runs a tool loop in one session', async () => {
        const chat = begin();
        chat.user(`${mode} weather?\n${answer(weatherCall('Köln "1"'))}`);
        for (let step = 1; step <= 3; step++) {
          const { calls, finish } = await chat.ask({ streaming, tools: true });
          assert.deepEqual(calls.map(nameAndArgs), [['get_weather', { city: `Köln "${step}"` }]]);
          assert.equal(finish, client.finishes.calls);
          assert.match(session, step === 1 ? /^new;/ : /^continued;.*sent=1\//);
          const next = step === 3 ? 'It is sunny.' : weatherCall(`Köln "${step + 1}"`);
          chat.results(calls.map((call) => ({ call, text: `sunny\n${answer(next)}` })));
        }
        const { text, finish } = await chat.ask({ streaming, tools: true });
        assert.deepEqual([text, finish], ['It is sunny.', client.finishes.text]);
        assert.match(session, /^continued;.*sent=1\//);
      });

      feature('parallelTools', 'takes several calls of one answer', async () => {
        const chat = begin();
        const calls = [
          writeCall('get_weather', '{"city":"Rome"}'),
          writeCall('get_time', '{"city":"Oslo"}'),
          writeCall('get_weather', '{"city":"Bonn"}'),
        ];
        chat.user(`${mode} both?\n${answer(`I look.\n${calls.join('\n')}`)}`);
        const asked = await chat.ask({ streaming, tools: true });
        assert.equal(asked.text.trim(), 'I look.');
        assert.deepEqual(asked.calls.map(nameAndArgs), [
          ['get_weather', { city: 'Rome' }],
          ['get_time', { city: 'Oslo' }],
          ['get_weather', { city: 'Bonn' }],
        ]);
        assert.equal(new Set(asked.calls.map(({ id }) => id)).size, 3);
        chat.results(
          asked.calls.map((call, index) => ({
            call,
            text: `result ${index}${index === 2 ? `\n${answer('Done.')}` : ''}`,
          })),
        );
        assert.equal((await chat.ask({ streaming, tools: true })).text, 'Done.');
        assert.match(session, /^continued;/);
        assert.match(lastPrompt(gateway), /result 0[^]*result 1[^]*result 2/);
      });

      feature('reasoning', 'shows the thoughts apart from the text', async () => {
        const chat = begin();
        for (let turn = 1; turn <= 2; turn++) {
          chat.user(`${mode} think ${turn}\nDEMO:think I wonder.\n${answer('I know.')}`);
          const { text, reasoning } = await chat.ask({ streaming });
          assert.deepEqual([text, reasoning], ['I know.', 'I wonder.']);
        }
        // The thoughts come back with the conversation and must not make it another one.
        assert.match(session, /^continued;/);

        chat.user(`${mode} think and look\nDEMO:think Look?\n${answer(weatherCall('Rome'))}`);
        const { reasoning, calls } = await chat.ask({ streaming, tools: true });
        assert.deepEqual(
          [reasoning, calls.map(nameAndArgs)],
          ['Look?', [['get_weather', { city: 'Rome' }]]],
        );
        for (const text of ['It is sunny.', 'It stays so.']) {
          const again = `DEMO:think Hm.\n${answer(text)}`;
          if (text === 'It is sunny.')
            chat.results(calls.map((call) => ({ call, text: `sunny\n${again}` })));
          else chat.user(`and tomorrow?\n${again}`);
          assert.equal((await chat.ask({ streaming, tools: true })).text, text);
          assert.match(session, /^continued;.*sent=1\//);
        }
      });

      feature('abort', 'stops the turn when the caller gives up', async () => {
        const chat = begin();
        const { cancelled } = (await gateway.stats()).turns;
        const asks = gateway.upstream('chat/ask').length;
        const leave = new AbortController();
        const abort = (): void => {
          leave.abort();
        };
        chat.user(`${mode} long\nDEMO:words 500\nDEMO:gap 20`);
        const asking = chat.ask({ streaming, signal: leave.signal, onPiece: abort });
        const ended = assert.rejects(asking);
        if (!streaming) {
          await eventually('the ask', () => gateway.upstream('chat/ask').length > asks);
          abort();
        }
        await ended;
        await eventually(
          'the cancelled turn',
          async () => (await gateway.stats()).turns.cancelled === cancelled + 1,
        );
      });

      feature('error', 'tells its caller of every failure', async () => {
        const fails = async (chat: SdkConversation, prompt: string, why: RegExp): Promise<void> => {
          chat.user(prompt);
          await assert.rejects(chat.ask({ streaming }), (error: unknown) => {
            assert.match(describeError(error), why);
            return true;
          });
        };
        await fails(begin('nope'), 'hello', /There is no model \W+nope/);
        await fails(begin(client.model, 'wrong'), 'hello', /API key is missing or wrong/);
        await fails(begin(), `${mode} before\nDEMO:status 500 it broke`, /it broke/);
        const within = `${mode} within\nDEMO:words 9\nDEMO:status-after 4 500 it broke`;
        await fails(begin(), within, /it broke/);
      });
    }
  });
}

function weatherCall(city: string): string {
  return writeCall('get_weather', JSON.stringify({ city }));
}

function nameAndArgs({ name, args }: Call): [string, unknown] {
  return [name, args];
}

function lastPrompt(gateway: HeadlessGateway): string {
  return String(gateway.upstream('chat/ask').at(-1)?.['questionText']);
}

/** Everything an error says: libraries put the server's message in different places. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error);
  return `${error.name}: ${error.message} ${JSON.stringify(error)}`;
}
