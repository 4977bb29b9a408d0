import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { assertSeen, isBlind } from '../../../src/gateway/vision';
import { type Model, readModels } from '../../../src/lingma/models';
import { assertCode, thrownBy } from '../../support/errors';
import { assistant, image, message, result, user } from '../../support/messages';

const models = readModels({
  chat: [
    { key: 'blind', displayName: 'Blind', isVl: false },
    { key: 'seeing', displayName: 'Seeing', isVl: true },
    { key: 'silent', displayName: 'Silent' },
  ],
});

function model(id: string): Model {
  const found = models.find((candidate) => candidate.id === id);
  assert.ok(found);
  return found;
}

const shown = [
  user('hi'),
  { ...message('tool', result('a', { type: 'image', url: 'u' })), path: 'messages[1]' },
];

describe('gateway/vision', () => {
  it('refuses an image for a model that sees none, naming those that do', () => {
    const error = thrownBy(() => {
      assertSeen(shown, model('blind'), models);
    });
    assertCode(error, 'unsupported_content');
    assert.deepEqual([error.status, error.param], [400, 'messages[1]']);
    assert.match(error.message, /blind takes none.*: seeing\.$/);
  });

  it('says so when there is no such model', () => {
    const error = thrownBy(() => {
      assertSeen([user(image('u'))], model('blind'), [model('blind'), model('silent')]);
    });
    assert.match(error.message, /Send text only/);
  });

  it('is certain of blindness only where the process says so', () => {
    assert.deepEqual(
      models.filter(isBlind).map(({ id }) => id),
      ['blind'],
    );
  });

  it('lets everything else pass', () => {
    assertSeen([user('hi'), assistant('ho')], model('blind'), models);
    for (const id of ['seeing', 'silent']) assertSeen(shown, model(id), models);
  });
});
