// @ts-check
/** What the bundles contain from other people, for programs: a CycloneDX 1.6 document. */

/**
 * @typedef {object} LockedPackage
 * @property {string} version
 * @property {string} [integrity] As npm writes it: `sha512-BASE64`.
 * @property {string} [license]
 */

/**
 * The SBOM of the package; the same for the same lockfile, so it has neither time nor serial number.
 * Throws for a folder that the lockfile does not know.
 * @param {object} from
 * @param {{ name: string, version: string, license: string }} from.product
 * @param {Readonly<Record<string, LockedPackage>>} from.locked `packages` of package-lock.json.
 * @param {readonly string[]} from.folders The bundled packages, as `…node_modules/NAME`.
 */
export function renderSbom({ product, locked, folders }) {
  const components = folders.map((folder) => {
    // The folder of all packages may be a link to another place.
    const found = locked[folder.slice(folder.indexOf('node_modules/'))];
    if (!found) throw new Error(`package-lock.json does not know ${folder}.`);
    return component({ ...found, name: folder.replace(/^.*node_modules\//, '') });
  });
  const root = component(product);
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { ...root, type: 'application' } },
    components,
    dependencies: [
      { ref: root['bom-ref'], dependsOn: components.map((one) => one['bom-ref']) },
      ...components.map((one) => ({ ref: one['bom-ref'] })),
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** @param {LockedPackage & { name: string }} found */
function component({ name, version, integrity, license }) {
  const [algorithm, digest] = integrity?.split('-', 2) ?? [];
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    ...(algorithm === 'sha512' && digest
      ? { hashes: [{ alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex') }] }
      : {}),
    ...(license ? { licenses: [{ expression: license }] } : {}),
    purl,
  };
}
