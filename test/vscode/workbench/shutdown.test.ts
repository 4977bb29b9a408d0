import assert from 'node:assert/strict';
import type { Endpoint } from '../support/conversation';
import { allGone, isRunning, parentOf } from '../support/processTable';
import { lingmaPids, Workbench } from './workbench';

describe('C-30 (30) no process is left', () => {
  let workbench: Workbench;
  let endpoint: Endpoint;
  let pids: number[];

  beforeEach(async () => {
    workbench = await Workbench.open();
    endpoint = await workbench.endpoint();
    pids = await lingmaPids(endpoint);
    assert.ok(pids.length > 0 && pids.every(isRunning));
  });
  afterEach(async function () {
    await workbench.screenshotOnFailure(this.currentTest);
    await workbench.close();
  });

  it('when the window is closed', async () => {
    await workbench.page.close({ runBeforeUnload: true });
    await allGone(pids);
  });

  it('when VS Code is asked to end', async () => {
    process.kill(workbench.server.pid, 'SIGTERM');
    await allGone(pids);
  });

  it('when the extension host is killed', async function () {
    if (process.platform !== 'linux') this.skip();
    process.kill(parentOf(pids[0] ?? 0), 'SIGKILL');
    await allGone(pids);
  });

  it('when all of VS Code is killed', async function () {
    if (process.platform !== 'linux') this.skip();
    // One by one: the whole group would take the Lingma processes along and prove nothing.
    const processes = ancestors(pids[0] ?? 0, workbench.server.pid);
    for (const pid of processes) process.kill(pid, 'SIGKILL');
    await allGone([...processes, ...pids]);
  });
});

/** The processes between `pid` and the one that `last` names, which is included. */
function ancestors(pid: number, last: number): number[] {
  const parent = parentOf(pid);
  return parent === last ? [parent] : [parent, ...ancestors(parent, last)];
}
