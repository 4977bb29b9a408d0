import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { modelToLoad, parseOllamaChat, parseOllamaGenerate } from '../../../src/wire/ollamaRequest';
import { thrownBy } from '../../support/errors';
import { dataUri, png } from '../../support/pictures';

const user = { role: 'user', content: 'Hello' };
const parse = (fields: object) =>
  parseOllamaChat({ model: 'kmodel:latest', messages: [user], ...fields }, {});

describe('wire/ollamaRequest', () => {
  it('reads the model, and streams unless it is told not to', () => {
    assert.equal(parse({}).turn.model, 'kmodel');
    assert.deepEqual(
      [undefined, null, true, false].map((stream) => parse({ stream }).stream),
      [true, true, true, false],
    );
  });

  it('reads limits, formats and whether to think', () => {
    const { limits, reasoning } = parse({ options: { stop: ['a', 'b'], num_predict: 7 } }).turn;
    assert.deepEqual(limits, { stop: ['a', 'b'], maxTokens: 7 });
    assert.equal(reasoning, true);
    for (const num_predict of [-2, -1, 0]) {
      assert.equal(parse({ options: { num_predict } }).turn.limits, undefined);
    }
    assert.equal(parse({ think: false }).turn.reasoning, false);
    assert.equal(parse({ think: 'high' }).turn.reasoning, true);
    assert.deepEqual(parse({ format: 'json' }).turn.format, {});
    const schema = { type: 'object', required: ['a'] };
    assert.deepEqual(parse({ format: schema }).turn.format, { schema });
    for (const format of ['', null]) assert.equal(parse({ format }).turn.format, undefined);
  });

  it('reads pictures of every kind by their bytes', () => {
    const picture = png(1);
    const images = [picture.toString('base64')];
    const { messages } = parse({ messages: [{ ...user, images }] }).turn;
    assert.deepEqual(messages[0]?.parts, [
      { type: 'image', url: dataUri(picture) },
      { type: 'text', text: 'Hello' },
    ]);
  });

  describe('results', () => {
    const call = (name: string, id?: string) => ({
      ...(id === undefined ? {} : { id }),
      function: { name, arguments: { a: 1 } },
    });
    const answered = (calls: object[], ...results: object[]) =>
      parse({
        messages: [
          user,
          { role: 'assistant', content: '', tool_calls: calls },
          ...results.map((result) => ({ role: 'tool', content: 'x', ...result })),
        ],
      }).turn.messages.flatMap(({ parts }) =>
        parts.flatMap((part) =>
          part.type === 'toolResult' ? [`${part.name} ${part.callIndex}`] : [],
        ),
      );

    it('belong to the calls in their order', () => {
      assert.deepEqual(answered([call('a'), call('b'), call('a')], {}, {}, {}), [
        'a 0',
        'b 1',
        'a 2',
      ]);
    });

    it('belong to the first open call of their tool', () => {
      const names = ['b', 'a', 'a'].map((tool_name) => ({ tool_name }));
      assert.deepEqual(answered([call('a'), call('b'), call('a')], ...names), [
        'b 1',
        'a 0',
        'a 2',
      ]);
    });

    it('belong to the call with their id', () => {
      const ids = ['2', '1'].map((tool_call_id) => ({ tool_call_id }));
      assert.deepEqual(answered([call('a', '1'), call('a', '2')], ...ids), ['a 1', 'a 0']);
    });

    it('of no call keep their name', () => {
      assert.deepEqual(answered([call('a')], { tool_name: 'z' }, { tool_name: 'a' }, {}), [
        'z 0',
        'a 0',
        ' 0',
      ]);
    });

    it('are found in time that grows with their number, not with its square', () => {
      const time = (count: number): number => {
        const calls = Array.from({ length: count }, (_, index) => call(`t${index}`, `c${index}`));
        const unknown = Array.from({ length: count }, (_, index) => ({
          tool_call_id: `x${index}`,
          tool_name: `y${index}`,
        }));
        const startedAtMs = performance.now();
        const found = answered(calls, ...unknown, { tool_call_id: `c${count - 1}` }, {});
        const tookMs = performance.now() - startedAtMs;
        assert.deepEqual(found.slice(-2), [`t${count - 1} ${count - 1}`, 't0 0']);
        return tookMs;
      };
      const best = (count: number) => Math.min(time(count), time(count), time(count));
      const [quarter, all] = [best(2_500), best(10_000)];
      // Four times, were nobody else at work here; with quadratic time sixteen.
      assert.ok(all < 10 * quarter + 20, `${quarter} ms and ${all} ms`);
    });
  });

  it('reads a prompt with its system', () => {
    const { turn } = parseOllamaGenerate({ model: 'm', prompt: 'p', system: 's' }, {});
    assert.deepEqual(
      turn.messages.map(({ role, parts }) => [role, parts]),
      [
        ['system', [{ type: 'text', text: 's' }]],
        ['user', [{ type: 'text', text: 'p' }]],
      ],
    );
  });

  it('knows requests that only load or unload a model', () => {
    for (const body of [
      { model: 'm' },
      { model: 'm', messages: [] },
      { model: 'm', prompt: '', keep_alive: 0 },
    ]) {
      assert.equal(modelToLoad(body), 'm');
    }
    for (const body of [{}, null, { model: 'm', messages: [user] }, { model: 'm', prompt: 'p' }]) {
      assert.equal(modelToLoad(body), undefined);
    }
  });

  const bad: [fields: object, param: string][] = [
    [{ model: '' }, 'model'],
    [{ messages: [{ role: 'nobody' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user', content: [] }] }, 'messages[0].content'],
    [{ messages: [{ ...user, images: ['no picture'] }] }, 'messages[0].images[0]'],
    [{ tools: [{ function: {} }] }, 'tools[0].function.name'],
    [{ stream: 'yes' }, 'stream'],
    [{ format: 'xml' }, 'format'],
    [{ options: { stop: [''] } }, 'options.stop[0]'],
    [{ options: { num_predict: 1.5 } }, 'options.num_predict'],
    [{ logprobs: true }, 'logprobs'],
  ];
  for (const [fields, param] of bad) {
    it(`refuses ${JSON.stringify(fields)}, naming ${param}`, () => {
      const error = thrownBy(() => parse(fields));
      assert.deepEqual([error.status, error.param], [400, param]);
    });
  }

  for (const fields of [{ suffix: 's' }, { raw: true }, { template: 't' }, { context: [1] }]) {
    it(`refuses to complete a prompt with ${JSON.stringify(fields)}`, () => {
      const error = thrownBy(() => parseOllamaGenerate({ model: 'm', prompt: 'p', ...fields }, {}));
      assert.deepEqual(
        [error.code, error.param],
        ['unsupported_parameter', Object.keys(fields)[0]],
      );
    });
  }
});
