// @ts-check
/**
 * An agent made with the official library, which checks every message against the protocol's
 * schema: a second reading of the protocol that we have to agree with. It answers with what its
 * session holds.
 */
import { Readable, Writable } from 'node:stream';
import { agent, ndJsonStream } from '@agentclientprotocol/sdk';

/** @type {Map<string, { model: string, said: string[] }>} */
const sessions = new Map();

/** @param {string} model */
const configOptions = (model) => [
  {
    id: 'llm',
    name: 'Model',
    category: /** @type {const} */ ('model'),
    type: /** @type {const} */ ('select'),
    currentValue: model,
    options: [
      { value: 'small', name: 'Small' },
      { value: 'large', name: 'Large' },
    ],
  },
];

/** @param {string} sessionId */
function known(sessionId) {
  const session = sessions.get(sessionId);
  if (!session) throw new Error(`no session ${sessionId}`);
  return session;
}

const input = /** @type {ReadableStream<Uint8Array>} */ (Readable.toWeb(process.stdin));
const output = /** @type {WritableStream<Uint8Array>} */ (Writable.toWeb(process.stdout));

agent({ name: 'witness' })
  .onRequest('initialize', ({ params }) => ({
    protocolVersion: params.protocolVersion,
    agentCapabilities: { promptCapabilities: { image: false } },
  }))
  .onRequest('session/new', () => {
    const sessionId = `witness-${sessions.size + 1}`;
    sessions.set(sessionId, { model: 'small', said: [] });
    return { sessionId, configOptions: configOptions('small') };
  })
  .onRequest('session/set_config_option', ({ params }) => {
    const session = known(params.sessionId);
    session.model = String(params.value);
    return { configOptions: configOptions(session.model) };
  })
  .onRequest('session/prompt', async ({ params, client }) => {
    const { sessionId } = params;
    const session = known(sessionId);
    const text = params.prompt.map((block) => (block.type === 'text' ? block.text : '')).join('');
    session.said.push(text);
    /** @param {string} chunk */
    const say = (chunk) =>
      client.notify('session/update', {
        sessionId,
        update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: chunk } },
      });
    if (text.includes('use a tool')) {
      const { outcome } = await client.request('session/request_permission', {
        sessionId,
        toolCall: { toolCallId: 't-1', title: 'Delete everything' },
        options: [{ optionId: 'yes', name: 'Allow', kind: 'allow_once' }],
      });
      await say(`permission: ${outcome.outcome}; `);
      const read = client.request('fs/read_text_file', { sessionId, path: '/etc/hostname' });
      await say(
        `file: ${await read.then(
          () => 'read',
          (error) => error.code,
        )}`,
      );
      return { stopReason: 'end_turn' };
    }
    if (text.includes('be cut off')) {
      await say('half of it');
      return { stopReason: 'max_tokens' };
    }
    await say(`${session.model} holds `);
    await say(JSON.stringify(session.said));
    return { stopReason: 'end_turn' };
  })
  .connect(ndJsonStream(output, input));
