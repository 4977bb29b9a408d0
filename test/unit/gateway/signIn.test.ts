import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { GatewayError } from '../../../src/base/errors';
import { SignIn, type SignInInstance } from '../../../src/gateway/signIn';
import type { LiveProcess } from '../../../src/lingma/instance';
import { isPending } from '../../support/async';
import { assertCode, rejectionOf } from '../../support/errors';

const PAGE = 'https://login.example/';
const patient = () => new AbortController().signal;

/** An instance that knows its user once the test says so. */
function fakeInstance(id: string, signedIn: boolean | null, hasAccount = true) {
  const owner = { instanceId: id, incarnation: 1 };
  const account = hasAccount ? { signInUrl: () => Promise.resolve(PAGE + id) } : null;
  const live = (known: boolean | null): LiveProcess =>
    ({ owner, account, signedIn: known }) as unknown as LiveProcess;
  const fake = {
    id,
    status: { state: 'ready', live: live(signedIn) } as SignInInstance['status'],
    asks: 0,
    userSignedIn: false,
    refresh: () => {
      fake.asks++;
      if (fake.userSignedIn) fake.status = { state: 'ready', live: live(true) };
      return Promise.resolve();
    },
  };
  return fake;
}

describe('gateway/signIn', () => {
  const made: SignIn[] = [];

  function setUp(instances: readonly SignInInstance[], forMs = 60_000): SignIn {
    const signIn = new SignIn({ instances: () => instances, everyMs: 1, forMs });
    made.push(signIn);
    return signIn;
  }

  afterEach(() => {
    for (const signIn of made.splice(0)) signIn.close();
  });

  it('offers the page of the instance that needs it most', async () => {
    const known = fakeInstance('known', true);
    const unsure = fakeInstance('unsure', null);
    const out = fakeInstance('out', false);
    const offered = async (...all: SignInInstance[]) => (await setUp(all).begin()).instanceId;
    assert.equal(await offered(known, unsure, out), 'out');
    assert.equal(await offered(known, unsure), 'unsure');
    assert.equal(await offered(known), 'known');
    assert.deepEqual(await setUp([out]).begin(), { instanceId: 'out', loginUrl: `${PAGE}out` });
  });

  it('has none without a ready process, or for an agent', async () => {
    const gone = fakeInstance('i1', false);
    gone.status = { state: 'starting' };
    assertCode(await rejectionOf(setUp([gone]).begin()), 'sign_in_unavailable');
    const agent = fakeInstance('i1', null, false);
    assertCode(await rejectionOf(setUp([agent]).begin()), 'sign_in_unavailable');
  });

  it('looks until the user is known, and no longer', async () => {
    const instance = fakeInstance('i1', false);
    const signIn = setUp([instance]);
    await signIn.begin();
    const outcome = signIn.outcome('i1', patient());
    assert.ok(await isPending(outcome));
    instance.userSignedIn = true;
    assert.equal(await outcome, true);
    const { asks } = instance;
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(instance.asks, asks);
  });

  it('stops looking after a while', async () => {
    const instance = fakeInstance('i1', false);
    const signIn = setUp([instance], 3);
    await signIn.begin();
    assert.equal(await signIn.outcome('i1', patient()), false);
    assert.equal(instance.asks, 3);
    assert.equal(await signIn.outcome('i1', patient()), false);
  });

  it('keeps one look-out for an instance, however often its page is asked for', async () => {
    const instance = fakeInstance('i1', false);
    const signIn = setUp([instance], 4);
    await Promise.all([signIn.begin(), signIn.begin(), signIn.begin()]);
    assert.equal(await signIn.outcome('i1', patient()), false);
    // Each page prolongs it; three of them side by side would have asked twelve times.
    assert.ok(instance.asks <= 6, `asked ${instance.asks} times`);
  });

  it('lets one who waits give up without ending the look-out', async () => {
    const instance = fakeInstance('i1', false);
    const signIn = setUp([instance]);
    await signIn.begin();
    const impatient = new AbortController();
    const given = signIn.outcome('i1', impatient.signal);
    const kept = signIn.outcome('i1', patient());
    impatient.abort();
    assert.equal(await given, false);
    instance.userSignedIn = true;
    assert.equal(await kept, true);
  });

  it('looks no more once it is closed', async () => {
    const signIn = setUp([fakeInstance('i1', false)]);
    await signIn.begin();
    const outcome = signIn.outcome('i1', patient());
    signIn.close();
    assert.equal(await outcome, false);
  });

  it('passes on why a process has no page', async () => {
    const instance = fakeInstance('i1', false);
    const refused = new GatewayError({ code: 'sign_in_unavailable', status: 503, message: 'No.' });
    const account = { signInUrl: () => Promise.reject(refused) };
    const live = { owner: { instanceId: 'i1', incarnation: 1 }, account, signedIn: false };
    instance.status = { state: 'ready', live: live as unknown as LiveProcess };
    assert.equal(await rejectionOf(setUp([instance]).begin()), refused);
  });
});
