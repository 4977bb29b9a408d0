/** Lets everything that is ready run: microtasks and one turn of the event loop. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Whether `promise` has settled by now; it is not waited for. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const mark = Symbol('pending');
  const quiet = promise.catch(() => undefined);
  await settled();
  return (await Promise.race([quiet, Promise.resolve(mark)])) === mark;
}

/** Running timers. Asynchronous, because mocha starts its own at a test's first pause. */
export async function countTimers(): Promise<number> {
  await settled();
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}
