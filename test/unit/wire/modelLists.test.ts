import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { anthropicModelPage } from '../../../src/wire/anthropicModels';
import type { ListedModel } from '../../../src/wire/listedModel';
import { lmStudioModels } from '../../../src/wire/lmStudioModels';
import { ollamaModelName, ollamaShow, ollamaTags } from '../../../src/wire/ollamaModels';
import { openAiModelList } from '../../../src/wire/openaiModels';
import { thrownBy } from '../../support/errors';

const kimi: ListedModel = { id: 'kmodel', name: 'Kimi', vision: undefined, reasoning: true };
const blind: ListedModel = {
  id: 'mine',
  name: 'mine (Auto)',
  vision: false,
  reasoning: false,
  aliasOf: 'auto',
};

describe('wire: lists of models', () => {
  it('as OpenAI and Codex read them', () => {
    assert.deepEqual(openAiModelList([kimi, blind]), {
      object: 'list',
      data: [
        { id: 'kmodel', object: 'model', created: 0, owned_by: 'lingma', display_name: 'Kimi' },
        {
          id: 'mine',
          object: 'model',
          created: 0,
          owned_by: 'lingma',
          display_name: 'mine (Auto)',
          alias_of: 'auto',
        },
      ],
      models: [],
    });
    assert.deepEqual(openAiModelList([]), { object: 'list', data: [], models: [] });
  });

  it('pass on nothing else that a model carries', () => {
    const model = { ...kimi, apiKey: 'secret', url: 'secret' };
    const lists = [openAiModelList, lmStudioModels, ollamaTags].map((list) => list([model]));
    const page = anthropicModelPage([model], new URLSearchParams());
    assert.ok(!JSON.stringify([...lists, page, ollamaShow(model)]).includes('secret'));
  });

  describe('as Anthropic pages them', () => {
    const models = Array.from({ length: 25 }, (_, index) => ({
      ...kimi,
      id: `m${String(index).padStart(2, '0')}`,
    }));
    const page = (query: string) => {
      const { data, ...edges } = anthropicModelPage(models, new URLSearchParams(query));
      return { ...edges, ids: data.map(({ id }) => id) };
    };

    it('twenty at a time', () => {
      const first = page('');
      assert.equal(first.ids.length, 20);
      assert.deepEqual([first.has_more, first.first_id, first.last_id], [true, 'm00', 'm19']);
      const second = page('after_id=m19');
      assert.deepEqual(second.ids, ['m20', 'm21', 'm22', 'm23', 'm24']);
      assert.equal(second.has_more, false);
    });

    it('all at once, as Claude Code asks', () => {
      const all = page('limit=1000');
      assert.deepEqual([all.ids.length, all.has_more], [25, false]);
    });

    it('backwards', () => {
      assert.deepEqual(page('before_id=m03&limit=2'), {
        ids: ['m01', 'm02'],
        has_more: true,
        first_id: 'm01',
        last_id: 'm02',
      });
      assert.equal(page('before_id=m02&limit=2').has_more, false);
    });

    it('none', () => {
      assert.deepEqual(anthropicModelPage([], new URLSearchParams()), {
        data: [],
        has_more: false,
        first_id: null,
        last_id: null,
      });
    });

    const bad = [
      ['limit=0', 'limit'],
      ['limit=1001', 'limit'],
      ['limit=2.5', 'limit'],
      ['limit=', 'limit'],
      ['after_id=nobody', 'after_id'],
      ['before_id=nobody', 'before_id'],
      ['after_id=m01&before_id=m03', 'before_id'],
    ] as const;
    for (const [query, param] of bad) {
      it(`refuse ${query}`, () => {
        const error = thrownBy(() => page(query));
        assert.deepEqual([error.status, error.param], [400, param]);
      });
    }
  });

  it('as Ollama describes them', () => {
    const [first, again] = [ollamaTags([kimi]), ollamaTags([kimi])];
    assert.deepEqual(first, again);
    const { capabilities } = ollamaShow(kimi) as { capabilities: string[] };
    assert.deepEqual(capabilities, ['completion', 'tools', 'vision', 'thinking']);
    const others = ollamaShow(blind) as { capabilities: string[] };
    assert.deepEqual(others.capabilities, ['completion', 'tools']);
    assert.equal(ollamaModelName('kmodel:latest'), 'kmodel');
    assert.equal(ollamaModelName('qwen3:8b'), 'qwen3:8b');
  });
});
