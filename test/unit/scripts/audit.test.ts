import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { auditFindings, brokenLockRules, knownFlaws } from '../../../scripts/audit/rules.mjs';
import { renderSbom } from '../../../scripts/package/sbom.mjs';

describe('the supply chain', () => {
  const integrity = `sha512-${Buffer.from('digest').toString('base64')}`;
  const good = { version: '1.0.0', integrity };

  it('is locked to checksums, a registry, and known scripts', () => {
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Parameters<typeof brokenLockRules>[0];
    };
    assert.deepEqual(brokenLockRules(lock.packages), []);
    assert.deepEqual(
      brokenLockRules({
        '': { version: '1.0.0' },
        'node_modules/a': good,
        'node_modules/b': { version: '1.0.0', integrity: 'sha1-x' },
        'node_modules/@c/d': { ...good, resolved: 'git+ssh://git@host/d.git' },
        'node_modules/f': { ...good, resolved: 'https://code.example/f.tar.gz' },
        'node_modules/a/node_modules/e': { ...good, hasInstallScript: true },
        'node_modules/esbuild': { ...good, hasInstallScript: true },
      }),
      [
        'b has no SHA-512',
        '@c/d does not come from a registry',
        'f does not come from a registry',
        'e runs a script when it is installed',
      ],
    );
  });

  it('finds bundled packages with a flaw that is known', () => {
    const flaws = [{ package: 'a', id: 'CVE-1', mendedIn: ['2.4.0', '3.1.2'] }];
    const versions = ['1.9.9', '2.3.9', '2.4.0', '3.1.1', '3.1.2', '3.10.0', '4.0.0'];
    const found = knownFlaws(
      ['a', 'b'].flatMap((name) => versions.map((version) => ({ name, version }))),
      flaws,
    );
    assert.deepEqual(
      found.map((line) => line.split(' ')[1]),
      ['1.9.9', '2.3.9', '3.1.1'],
    );
  });

  it('takes from npm audit what concerns the bundles, and knows when it says nothing', () => {
    const bundled = [{ name: 'a' }, { name: 'b' }];
    const vulnerabilities = {
      a: { severity: 'critical' },
      b: { severity: 'moderate' },
      c: { severity: 'high' },
    };
    assert.deepEqual(auditFindings({ vulnerabilities }, bundled), ['a: critical, see npm audit']);
    assert.deepEqual(auditFindings({ vulnerabilities: {} }, bundled), []);
    assert.equal(auditFindings({ error: { code: 'ENOAUDIT' } }, bundled), undefined);
    assert.equal(auditFindings(undefined, bundled), undefined);
  });

  it('is told in an SBOM', () => {
    const text = renderSbom({
      product: { name: 'ours', version: '0.1.0', license: 'MIT' },
      locked: { 'node_modules/@s/a': { ...good, license: 'ISC' } },
      folders: ['node_modules/@s/a'],
    });
    const { bomFormat, specVersion, metadata, components, dependencies } = JSON.parse(
      text,
    ) as Record<string, unknown> & { metadata: { component: { name: string } } };
    assert.deepEqual(
      [bomFormat, specVersion, metadata.component.name],
      ['CycloneDX', '1.6', 'ours'],
    );
    const purl = 'pkg:npm/%40s/a@1.0.0';
    assert.deepEqual(components, [
      {
        type: 'library',
        'bom-ref': purl,
        name: '@s/a',
        version: '1.0.0',
        hashes: [{ alg: 'SHA-512', content: Buffer.from('digest').toString('hex') }],
        licenses: [{ expression: 'ISC' }],
        purl,
      },
    ]);
    assert.deepEqual(dependencies, [
      { ref: 'pkg:npm/ours@0.1.0', dependsOn: [purl] },
      { ref: purl },
    ]);
    assert.throws(() =>
      renderSbom({
        product: { name: 'ours', version: '0.1.0', license: 'MIT' },
        locked: {},
        folders: ['node_modules/x'],
      }),
    );
  });
});
