import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import { after, before, describe, it } from 'mocha';
import OpenAI from 'openai';
import { MAX_IMAGE_BYTES } from '../../src/conversation/images';
import { writeCall } from '../../src/conversation/toolBlocks';
import { eventually, HeadlessGateway } from '../support/headless';
import { dataUri, png, sha256 } from '../support/pictures';

/** A message with its pictures behind its text; without a text they stand alone. */
interface Said {
  readonly role: 'user' | 'assistant';
  readonly text: string;
  readonly pictures?: readonly string[];
}

interface Answer {
  readonly text: string;
  /** The `x-lingma-session` response header. */
  readonly session: string;
}

type Ask = (gateway: HeadlessGateway, said: readonly Said[], model?: string) => Promise<Answer>;

function answered(text: string | null | undefined, response: Response): Answer {
  return { text: text ?? '', session: response.headers.get('x-lingma-session') ?? '' };
}

/** An image in the way of the Messages API. */
function block(uri: string): Anthropic.ImageBlockParam {
  const [, kind = '', data = ''] = /^data:([^;]*);base64,(.*)$/s.exec(uri) ?? [];
  if (!kind) return { type: 'image', source: { type: 'url', url: uri } };
  const media_type = kind as Anthropic.Base64ImageSource['media_type'];
  return { type: 'image', source: { type: 'base64', media_type, data } };
}

function anthropic(gateway: HeadlessGateway): Anthropic {
  return new Anthropic({ baseURL: gateway.baseUrl, apiKey: gateway.apiKey, maxRetries: 0 });
}

const chat: Ask = async (gateway, said, model = 'gpt-4o') => {
  const { data, response } = await gateway
    .openai()
    .chat.completions.create({
      model,
      messages: said.map(({ role, text, pictures = [] }) =>
        role === 'assistant'
          ? { role, content: text }
          : {
              role,
              content: [
                ...(text ? [{ type: 'text' as const, text }] : []),
                ...pictures.map((url) => ({ type: 'image_url' as const, image_url: { url } })),
              ],
            },
      ),
    })
    .withResponse();
  return answered(data.choices[0]?.message.content, response);
};

const messages: Ask = async (gateway, said, model = 'claude-x') => {
  const { data, response } = await anthropic(gateway)
    .messages.create({
      model,
      max_tokens: 1_000,
      messages: said.map(({ role, text, pictures = [] }) => ({
        role,
        content: [...(text ? [{ type: 'text' as const, text }] : []), ...pictures.map(block)],
      })),
    })
    .withResponse();
  const [first] = data.content;
  return answered(first?.type === 'text' ? first.text : '', response);
};

const responses: Ask = async (gateway, said, model = 'gpt-5') => {
  const { data, response } = await gateway
    .openai()
    .responses.create({
      model,
      input: said.map(({ role, text, pictures = [] }) =>
        role === 'assistant'
          ? { role, content: text }
          : {
              role,
              content: [
                ...(text ? [{ type: 'input_text' as const, text }] : []),
                ...pictures.map((image_url) => ({
                  type: 'input_image' as const,
                  detail: 'auto' as const,
                  image_url,
                })),
              ],
            },
      ),
    })
    .withResponse();
  return answered(data.output_text, response);
};

const dialects = { Chat: chat, Messages: messages, Responses: responses };
/** Where each dialect has the second picture of its second user message. */
const places = {
  Chat: 'messages[2].content[2].image_url.url',
  Messages: 'messages[2].content[2].source',
  Responses: 'input[2].content[2].image_url',
};

/** Digests of the pictures that came with each ask that brought some, in order. */
function received(gateway: HeadlessGateway): unknown[] {
  return gateway
    .records()
    .flatMap(({ event, images }) => (event === 'images-received' ? [images] : []));
}

/** The refusal of a request; fails when it is answered. */
async function refusal(asking: Promise<unknown>): Promise<{ status: number; message: string }> {
  try {
    await asking;
  } catch (error) {
    assert.ok(error instanceof OpenAI.APIError || error instanceof Anthropic.APIError);
    return { status: Number(error.status), message: error.message };
  }
  assert.fail('it was answered');
}

describe('headless: pictures', () => {
  let gateway: HeadlessGateway;

  before(async () => {
    gateway = await HeadlessGateway.launch();
  });
  after(() => gateway.stop());

  for (const [name, ask] of Object.entries(dialects)) {
    it(`reach Lingma by ${name}, each once, and keep the session`, async () => {
      const pictures = [1, 2, 3].map((number) => png(number * 1_000 + name.length));
      const [one = '', two = '', three = ''] = pictures.map((bytes) => dataUri(bytes));
      const said: Said[] = [{ role: 'user', text: `Look, ${name}.`, pictures: [one, two] }];
      const first = await ask(gateway, said);
      assert.match(first.session, /^new;/);
      assert.match(first.text, /and 2 images arrived in this turn/);
      said.push({ role: 'assistant', text: first.text });
      said.push({ role: 'user', text: 'And these?', pictures: [three, one] });
      const second = await ask(gateway, said);
      assert.match(second.session, /^continued;.*sent=1\/3/);
      assert.match(second.text, /and 2 images arrived .* and 2 images were held/);
      const digests = pictures.map(sha256);
      assert.deepEqual(received(gateway).slice(-2), [
        [digests[0], digests[1]],
        [digests[2], digests[0]],
      ]);
      assert.deepEqual(
        gateway
          .upstream('chat/ask')
          .slice(-2)
          .map(({ questionText }) => questionText),
        [`Look, ${name}.\n[Image 1]\n[Image 2]`, 'And these?\n[Image 3]\n[Image 4]'],
      );
      assert.deepEqual(gateway.upstreamProblems(), []);
    });
  }

  it('need no text beside them', async () => {
    for (const [index, ask] of Object.values(dialects).entries()) {
      const pictures = [dataUri(png(5_000 + index))];
      assert.match((await ask(gateway, [{ role: 'user', text: '', pictures }])).text, /1 image/);
      const { questionText } = gateway.upstream('chat/ask').at(-1) ?? {};
      assert.match(String(questionText), /^\[Image 1\]\n\S/);
    }
  });

  it('travel in streamed turns', async () => {
    const bytes = png(6_000);
    const stream = await gateway.openai().chat.completions.create({
      model: 'gpt-4o',
      stream: true,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: dataUri(bytes) } },
            { type: 'text', text: 'What is it?' },
          ],
        },
      ],
    });
    let text = '';
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
    assert.match(text, /and 1 image arrived/);
    assert.deepEqual(received(gateway).at(-1), [sha256(bytes)]);
  });

  it('continue one session from dialect to dialect and back', async () => {
    const pictures = [dataUri(png(7_000))];
    const said: Said[] = [{ role: 'user', text: 'Dialects', pictures }];
    const sessions: string[] = [];
    for (const ask of [chat, messages, responses, chat]) {
      const { text, session } = await ask(gateway, said);
      sessions.push(session);
      said.push({ role: 'assistant', text });
      // The very picture of the first message, again.
      said.push({ role: 'user', text: `Turn ${said.length}`, pictures });
    }
    const [opened, ...others] = sessions;
    assert.match(opened ?? '', /^new;/);
    for (const session of others) assert.match(session, /^continued;.*sent=1\//);
    const ids = gateway.upstream('chat/ask').slice(-3);
    assert.equal(new Set(ids.map(({ sessionId }) => sessionId)).size, 1);
  });

  it('tell two conversations of the same words apart', async () => {
    const open = async (number: number): Promise<Said[]> => {
      const opening: Said = { role: 'user', text: 'Same', pictures: [dataUri(png(number))] };
      // The answer is scripted, so that nothing but the picture differs.
      const asked = [{ ...opening, text: 'Same\nDEMO:echo yes' }];
      const { text } = await chat(gateway, asked);
      return [...asked, { role: 'assistant', text }];
    };
    const red = await open(8_000);
    const green = await open(8_001);
    const blue = await open(8_002);
    const next: Said = { role: 'user', text: 'Which colour?' };
    const opened = gateway.records().filter(({ event }) => event === 'session-created');
    const pictures = [dataUri(png(8_003))];
    const grey = red.map((one) => (one.pictures ? { ...one, pictures } : one));
    assert.doesNotMatch((await chat(gateway, [...grey, next])).session, /^continued;/);
    // Neither the first nor the last to begin with: who took just any of them would be found out.
    for (const [said, created] of [
      [green, opened.at(-2)],
      [red, opened.at(-3)],
      [blue, opened.at(-1)],
    ] as const) {
      assert.match((await chat(gateway, [...said, next])).session, /^continued;/);
      assert.equal(gateway.upstream('chat/ask').at(-1)?.['sessionId'], created?.['sessionId']);
    }
  });

  it('come in the results of tools', async () => {
    const [one, two] = [png(9_000), png(9_001)];
    const call = `Look up.\nDEMO:echo-json ${JSON.stringify(writeCall('look', '{}'))}`;
    const tool = { name: 'look', description: 'Looks.' };
    const schema = { type: 'object' as const };
    const client = anthropic(gateway);
    const request = {
      model: 'claude-x',
      max_tokens: 100,
      tools: [{ ...tool, input_schema: schema }],
    };
    const question = { role: 'user' as const, content: call };
    const asked = await client.messages.create({ ...request, messages: [question] });
    const [use] = asked.content;
    assert.ok(use?.type === 'tool_use');
    const result: Anthropic.ToolResultBlockParam = {
      type: 'tool_result',
      tool_use_id: use.id,
      content: [{ type: 'text', text: 'Found:' }, block(dataUri(one))],
    };
    const { response } = await client.messages
      .create({
        ...request,
        messages: [
          question,
          { role: 'assistant', content: asked.content },
          { role: 'user', content: [result] },
        ],
      })
      .withResponse();
    assert.match(response.headers.get('x-lingma-session') ?? '', /^continued;/);
    const lastPrompt = (): string => String(gateway.upstream('chat/ask').at(-1)?.['questionText']);
    assert.equal(lastPrompt(), '[Result of look, call 1]\nFound:\n[Image 1]');
    assert.deepEqual(received(gateway).at(-1), [sha256(one)]);

    await gateway.openai().responses.create({
      model: 'gpt-5',
      tools: [{ ...tool, type: 'function', parameters: schema, strict: false }],
      input: [
        { role: 'user', content: 'Look.' },
        { type: 'function_call', call_id: 'c', name: 'look', arguments: '{}' },
        {
          type: 'function_call_output',
          call_id: 'c',
          output: [{ type: 'input_image', detail: 'auto', image_url: dataUri(two) }],
        },
      ],
    });
    assert.match(lastPrompt(), /\[Result of look, call 1\]\n\[Image 1\]$/);
    assert.deepEqual(received(gateway).at(-1), [sha256(two)]);
  });

  describe('are refused, naming the place,', () => {
    const bad: Record<string, [url: string, problem: RegExp]> = {
      'when they are remote': ['https://example.com/a.png', /does not fetch.*data: URI/],
      'when they are of another kind': ['data:image/svg+xml;base64,PHN2Zz4=', /PNG, JPEG/],
      'when their bytes are of another kind': [dataUri(png(1), 'image/gif'), /not of that kind/],
      'when they are too large': [
        dataUri(Buffer.concat([png(1), Buffer.alloc(MAX_IMAGE_BYTES)])),
        /larger than 20 MiB/,
      ],
    };
    for (const [when, [url, problem]] of Object.entries(bad)) {
      for (const [name, ask] of Object.entries(dialects)) {
        it(`${when}, by ${name}`, async () => {
          const asked = gateway.upstream('chat/ask').length;
          const { status, message } = await refusal(
            ask(gateway, [
              { role: 'user', text: 'a' },
              { role: 'assistant', text: 'b' },
              { role: 'user', text: 'c', pictures: [dataUri(png(1)), url] },
            ]),
          );
          assert.equal(status, 400, message);
          assert.match(message, problem);
          assert.ok(message.includes(places[name as keyof typeof places]), message);
          assert.equal(gateway.upstream('chat/ask').length, asked);
        });
      }
    }

    it('when the model sees none, with those that do', async () => {
      const said: Said[] = [{ role: 'user', text: 'a', pictures: [dataUri(png(1))] }];
      for (const ask of Object.values(dialects)) {
        const { status, message } = await refusal(ask(gateway, said, 'dashscope_qwen3_coder'));
        assert.equal(status, 400);
        assert.match(message, /dashscope_qwen3_coder takes none.*kmodel, org_auto\./);
        assert.match((await ask(gateway, said, 'kmodel')).text, /1 image/);
      }
    });

    it('when Lingma does not take their size', async () => {
      const pictures = [dataUri(Buffer.concat([png(1), Buffer.alloc(11 * 1024 * 1024)]))];
      const { status, message } = await refusal(
        chat(gateway, [{ role: 'user', text: 'a', pictures }]),
      );
      assert.equal(status, 400);
      assert.match(message, /image 1 of 1 .*more than 10485760 bytes/);
    });
  });
});

describe('headless: pictures that are fetched', () => {
  let gateway: HeadlessGateway;
  let server: Server;
  let calls = 0;
  let address = '';

  before(async () => {
    gateway = await HeadlessGateway.launch({ flags: ['--remote-images'] });
    server = createServer((_, response) => {
      calls += 1;
      response.end(png(1));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(async () => {
    server.close();
    await gateway.stop();
  });

  for (const [name, ask] of Object.entries(dialects)) {
    it(`never come from this machine, by ${name}`, async () => {
      for (const url of [`http://${address}/a.png`, `http://localhost:${address.split(':')[1]}/`]) {
        const { status, message } = await refusal(
          ask(gateway, [
            { role: 'user', text: 'a' },
            { role: 'assistant', text: 'b' },
            { role: 'user', text: 'c', pictures: [dataUri(png(1)), url] },
          ]),
        );
        assert.equal(status, 400, message);
        assert.match(message, /leads to no public address/);
        assert.ok(message.includes(places[name as keyof typeof places]), message);
        assert.ok(!message.includes('127.0.0.1'), message);
      }
      assert.equal(calls, 0);
      assert.equal(gateway.upstream('chat/ask').length, 0);
    });
  }

  it('are counted and described without a fetch', async () => {
    const counted = await anthropic(gateway).messages.countTokens({
      model: 'claude-x',
      messages: [{ role: 'user', content: [block(`http://${address}/a.png`)] }],
    });
    assert.ok(counted.input_tokens > 0);
    assert.equal(calls, 0);
    const described = (await (await gateway.fetch('/v1/capabilities')).json()) as {
      features: { images: { remote_urls: boolean } };
    };
    assert.equal(described.features.images.remote_urls, true);
  });
});

describe('headless: pictures for a model that sees none', () => {
  const blind = 'dashscope_qwen3_coder';

  it('are told of where that is chosen, and keep the session', async () => {
    const gateway = await HeadlessGateway.launch({
      flags: ['--images-without-vision', 'placeholder'],
    });
    try {
      const note = (number: number): string =>
        `[Image ${number}: left out, the model ${blind} takes no images]`;
      for (const [name, ask] of Object.entries(dialects)) {
        const [one, two, other] = [1, 2, 3].map((number) => dataUri(png(number * 100)));
        assert.ok(one && two && other);
        const said: Said[] = [{ role: 'user', text: `Look, ${name}`, pictures: [one] }];
        const first = await ask(gateway, said, blind);
        said.push({ role: 'assistant', text: first.text });
        // Not even the address of what is left out is called.
        const pictures = [two, 'http://127.0.0.1:9/a.png'];
        said.push({ role: 'user', text: 'And?', pictures });
        assert.match((await ask(gateway, said, blind)).session, /^continued;.*sent=1\/3/);
        const asked = gateway.upstream('chat/ask').slice(-2);
        assert.deepEqual(
          asked.map(({ questionText }) => questionText),
          [`Look, ${name}\n${note(1)}`, `And?\n${note(2)}\n${note(3)}`],
        );
        // Another picture at the same place is another conversation.
        const changed = said.map((turn, index) =>
          index === 0 ? { ...turn, pictures: [other] } : turn,
        );
        assert.doesNotMatch((await ask(gateway, changed, blind)).session, /^continued;/);
      }
      assert.deepEqual(received(gateway), []);
      const pictures = [dataUri(png(1))];
      assert.match(
        (await chat(gateway, [{ role: 'user', text: 'a', pictures }], 'kmodel')).text,
        /1 image arrived/,
      );
    } finally {
      await gateway.stop();
    }
  });
});

describe('headless: uploads of pictures', () => {
  const said: Said[] = [{ role: 'user', text: 'Look.', pictures: [dataUri(png(1))] }];

  async function withGateway(
    env: Readonly<Record<string, string>>,
    use: (gateway: HeadlessGateway) => Promise<void>,
  ): Promise<void> {
    const gateway = await HeadlessGateway.launch({ env });
    try {
      await use(gateway);
      await eventually('nothing is running', async () => {
        const { instances } = await gateway.stats();
        return instances.every(({ inFlight }) => inFlight === 0);
      });
    } finally {
      await gateway.stop();
    }
  }

  it('take the largest picture', () =>
    withGateway({ DEMO_LINGMA_IMAGE_MAX_BYTES: '0' }, async (gateway) => {
      const largest = Buffer.concat([png(1), Buffer.alloc(MAX_IMAGE_BYTES)]).subarray(
        0,
        MAX_IMAGE_BYTES,
      );
      const { text } = await chat(gateway, [
        { role: 'user', text: 'a', pictures: [dataUri(largest)] },
      ]);
      assert.match(text, /1 image arrived/);
      assert.deepEqual(received(gateway), [[sha256(largest)]]);
    }));

  it('take the result before the reply', () =>
    withGateway({ DEMO_LINGMA_IMAGE_UPLOAD: 'early' }, async (gateway) => {
      assert.match((await chat(gateway, said)).text, /1 image arrived/);
    }));

  const failures: Record<string, [env: Record<string, string>, problem: RegExp]> = {
    'Lingma refuses one': [{ DEMO_LINGMA_IMAGE_UPLOAD: 'refused' }, /did not take .*refused by/],
    'Lingma answers with an error': [
      { DEMO_LINGMA_IMAGE_UPLOAD: 'error' },
      /did not take .*refused by/,
    ],
    'Lingma stores one nowhere': [
      { DEMO_LINGMA_IMAGE_UPLOAD: 'failed' },
      /did not take .*failed by/,
    ],
    'Lingma knows no uploads': [{ DEMO_LINGMA_DISABLE: 'image/upload' }, /takes no images/],
  };
  for (const [what, [env, problem]] of Object.entries(failures)) {
    it(`end the turn with a clear error when ${what}`, () =>
      withGateway(env, async (gateway) => {
        const { status, message } = await refusal(chat(gateway, said));
        assert.equal(status, 400);
        assert.match(message, problem);
        assert.equal(gateway.upstream('chat/ask').length, 0);
        // Text goes on as ever.
        assert.ok((await chat(gateway, [{ role: 'user', text: 'hi' }])).text);
      }));
  }

  it('end with their client, and nothing is asked', () =>
    withGateway({ DEMO_LINGMA_IMAGE_UPLOAD: 'never' }, async (gateway) => {
      const leaving = new AbortController();
      const asking = gateway.openai().chat.completions.create(
        {
          model: 'gpt-4o',
          messages: [
            {
              role: 'user',
              content: [{ type: 'image_url', image_url: { url: dataUri(png(1)) } }],
            },
          ],
        },
        { signal: leaving.signal },
      );
      asking.catch(() => undefined);
      await eventually('the upload', () => gateway.upstream('image/upload').length > 0);
      leaving.abort();
      await assert.rejects(asking, OpenAI.APIUserAbortError);
      await eventually('the place is free', async () => {
        const { instances } = await gateway.stats();
        return instances.every(({ inFlight }) => inFlight === 0);
      });
      assert.equal(gateway.upstream('chat/ask').length, 0);
      assert.equal(gateway.upstream('chat/stop').length, 0);
    }));

  it('are done again, unseen, when their process is lost', () =>
    withGateway({ DEMO_LINGMA_IMAGE_DELAY_MS: '1500' }, async (gateway) => {
      const asking = chat(gateway, said);
      await eventually('the upload', () => gateway.upstream('image/upload').length > 0);
      const [instance] = (await gateway.stats()).instances;
      process.kill(instance?.pid ?? 0, 'SIGKILL');
      assert.match((await asking).text, /1 image arrived/);
      assert.equal(gateway.upstream('image/upload').length, 2);
      assert.equal(gateway.upstream('chat/ask').length, 1);
    }));
});
