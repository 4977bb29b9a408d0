// @ts-check
/** What the lockfile must keep to, and what is known against a bundled package; pure. */

/** They download or build what belongs to them; nothing of them is in the package. */
export const MAY_RUN_SCRIPTS = ['@vscode/vsce-sign', 'esbuild', 'keytar', 'fsevents'];

/**
 * @typedef {object} Locked
 * @property {string} version
 * @property {string} [integrity]
 * @property {string} [resolved]
 * @property {boolean} [link]
 * @property {boolean} [hasInstallScript]
 */

/**
 * @typedef {object} Flaw
 * @property {string} package
 * @property {string} id
 * @property {readonly string[]} mendedIn The first good version of each major one.
 */

/**
 * One line for each package that comes from elsewhere than a registry, cannot be checked, or runs
 * something when it is installed without being known for that.
 * @param {Readonly<Record<string, Locked>>} packages
 */
export function brokenLockRules(packages) {
  return Object.entries(packages).flatMap(([folder, found]) => {
    if (folder === '') return [];
    const name = nameOf(folder);
    return [
      // `.npmrc` leaves the addresses of registries out, so any that is there is of another place.
      ...(found.link || found.resolved !== undefined
        ? [`${name} does not come from a registry`]
        : []),
      ...(found.integrity?.startsWith('sha512-') ? [] : [`${name} has no SHA-512`]),
      ...(found.hasInstallScript && !MAY_RUN_SCRIPTS.includes(name)
        ? [`${name} runs a script when it is installed`]
        : []),
    ];
  });
}

/**
 * One line for each bundled package whose version is older than the one that mends a known flaw.
 * @param {readonly { name: string, version: string }[]} bundled
 * @param {readonly Flaw[]} flaws
 */
export function knownFlaws(bundled, flaws) {
  return bundled.flatMap(({ name, version }) =>
    flaws
      .filter((flaw) => flaw.package === name && isBefore(version, flaw.mendedIn))
      .map(({ id, mendedIn }) => `${name} ${version} has ${id}, mended in ${mendedIn.join(', ')}`),
  );
}

/**
 * What `npm audit --json` says of bundled packages that is high or critical; undefined when it does
 * not say anything, because the registry has no such service.
 * @param {unknown} report
 * @param {readonly { name: string }[]} bundled
 * @returns {string[] | undefined}
 */
export function auditFindings(report, bundled) {
  if (typeof report !== 'object' || report === null || !('vulnerabilities' in report))
    return undefined;
  const names = new Set(bundled.map(({ name }) => name));
  const found = /** @type {Record<string, { severity: string }>} */ (report.vulnerabilities);
  return Object.entries(found)
    .filter(([name, { severity }]) => names.has(name) && /^(high|critical)$/.test(severity))
    .map(([name, { severity }]) => `${name}: ${severity}, see npm audit`);
}

/** @param {string} folder */
function nameOf(folder) {
  return folder.replace(/^.*node_modules\//, '');
}

/**
 * Of versions newer than all of the list, none is before it.
 * @param {string} version
 * @param {readonly string[]} mendedIn
 */
function isBefore(version, mendedIn) {
  const major = (/** @type {string} */ one) => Number(one.split('.')[0]);
  const same = mendedIn.find((one) => major(one) === major(version));
  if (same) return compare(version, same) < 0;
  return major(version) < Math.max(...mendedIn.map(major));
}

/**
 * @param {string} left
 * @param {string} right
 */
function compare(left, right) {
  const [a, b] = [left, right].map((one) => one.split(/[.-]/).map(Number));
  for (let at = 0; at < 3; at++) {
    const difference = (a?.[at] ?? 0) - (b?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
