// @ts-check
/** Progress on stderr, so that stdout stays for test output and addresses. */

/**
 * One line with the seconds since this process began.
 * @param {string} message
 */
export function say(message) {
  process.stderr.write(`[${(performance.now() / 1000).toFixed(1).padStart(6)} s] ${message}\n`);
}

/**
 * Anything thrown, as text for people.
 * @param {unknown} error
 */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Announces a step and keeps showing that it is alive while it takes long.
 * @template T
 * @param {string} title
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const begun = performance.now();
  const seconds = () => `${((performance.now() - begun) / 1000).toFixed(1)} s`;
  say(`${title} …`);
  const heartbeat = setInterval(() => {
    say(`${title}: still at it after ${seconds()}`);
  }, 20_000);
  try {
    const result = await work();
    say(`${title}: done in ${seconds()}`);
    return result;
  } finally {
    clearInterval(heartbeat);
  }
}
