import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { bundledPackages, renderNotices } from '../../../scripts/package/notices.mjs';
import {
  brokenRules,
  MAX_ACTIVATION_BYTES,
  MAX_VSIX_BYTES,
} from '../../../scripts/package/rules.mjs';
import { listZip } from '../../../scripts/package/zip.mjs';
import { useTempDirs } from '../../support/tempDir';

describe('the rules of the package', () => {
  const file = (name: string) => ({ name, packed: 1, bytes: 1 });
  const bundle = (name: string) => ({
    file: name,
    text: 'retrieval(1); x.eval(2); class MyFunction {}',
  });
  const good = {
    entries: [
      'extension.vsixmanifest',
      '[Content_Types].xml',
      'extension/package.json',
      'extension/readme.md',
      'extension/dist/extension.js',
      'extension/media/one.svg',
    ].map(file),
    vsixBytes: 1000,
    allowList: '# all\n**\n!package.json\n!README.md\n!dist/extension.js\n!media/*.svg\n',
    bundles: ['dist/extension.js', 'dist/headless.js'].map(bundle),
    atActivation: [{ name: 'extension.js', bytes: 1000 }],
  };

  it('are kept by a package that is as it should be', () => {
    assert.deepEqual(brokenRules(good), []);
  });

  for (const [what, change, expected] of [
    [
      'a file that nobody listed',
      { entries: [...good.entries, file('extension/notes.txt')] },
      /notes\.txt is in the package/,
    ],
    [
      'a file below a listed folder',
      { entries: [...good.entries, file('extension/media/deep/two.svg')] },
      /two\.svg is in the package/,
    ],
    [
      'a listed file that is missing',
      { allowList: `${good.allowList}!media/icon.png\n` },
      /lists media\/icon\.png/,
    ],
    [
      'a bundle that is not shipped',
      { bundles: [...good.bundles, bundle('dist/later.js')] },
      /later\.js is built, but not shipped/,
    ],
    ...['a=eval(b)', 'new Function("return 1")', 'return Function("x")()'].map(
      (text) =>
        [
          `code that is made of text: ${text}`,
          { bundles: [{ file: 'dist/extension.js', text }] },
          /extension\.js makes code from text/,
        ] as const,
    ),
    [
      'code from elsewhere',
      { bundles: [{ file: 'dist/extension.js', text: 'import("https://a.example/x.js")' }] },
      /extension\.js loads code from an address/,
    ],
    ['a package that is too large', { vsixBytes: MAX_VSIX_BYTES }, /^The package has 1572864/],
    [
      'too much at activation',
      {
        atActivation: [
          { name: 'extension.js', bytes: MAX_ACTIVATION_BYTES - 1 },
          { name: 'more.js', bytes: 1 },
        ],
      },
      /^What activation loads has 153600/,
    ],
  ] as const) {
    it(`are broken by ${what}`, () => {
      const [line, ...others] = brokenRules({ ...good, ...change });
      assert.match(line ?? '', expected);
      assert.deepEqual(others, []);
    });
  }

  it('are broken by source maps, even listed ones', () => {
    const found = brokenRules({
      ...good,
      entries: [...good.entries, file('extension/dist/extension.js.map')],
      allowList: `${good.allowList}!dist/*.map\n`,
    });
    assert.deepEqual(found, ['dist/extension.js.map is nothing for users']);
  });
});

describe('the list of a ZIP archive', () => {
  it('has every file with its sizes', () => {
    const archive = zipOf({ 'a.txt': 'a'.repeat(500), 'folder/b.txt': 'b' });
    assert.deepEqual(
      listZip(archive).map(({ name, bytes }) => [name, bytes]),
      [
        ['a.txt', 500],
        ['folder/b.txt', 1],
      ],
    );
    assert.ok((listZip(archive)[0]?.packed ?? 0) < 50);
  });

  it('is not made up for something else', () => {
    assert.throws(() => listZip(Buffer.from('no archive at all')), /no ZIP archive/);
  });
});

describe('the licences of what is bundled', () => {
  const tempDir = useTempDirs();

  /** A folder with one installed package. */
  const install = (folder: string, files: Record<string, string>): string => {
    const root = tempDir();
    mkdirSync(path.join(root, folder), { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(path.join(root, folder, name), text);
    }
    return root;
  };

  it('are those of packages of which something is left in a bundle that counts', () => {
    const inputs = (...files: string[]) => ({
      inputs: Object.fromEntries(files.map((file) => [file, { bytesInOutput: 5 }])),
    });
    const outputs = {
      'dist/one.js': {
        inputs: {
          ...inputs('src/a.ts', 'node_modules/b/lib/x.js', 'node_modules/@s/a/y.js').inputs,
          'node_modules/shaken/off.js': { bytesInOutput: 0 },
        },
      },
      'dist/two.js': inputs('node_modules/b/node_modules/c/z.js'),
      'dist/tool.js': inputs('node_modules/d/z.js'),
    };
    const metafile = { inputs: {}, outputs } as never;
    assert.deepEqual(
      bundledPackages([metafile], (output) => output !== 'dist/tool.js'),
      ['node_modules/@s/a', 'node_modules/b', 'node_modules/b/node_modules/c'],
    );
  });

  it('stand in full beside name and version', () => {
    const root = install('node_modules/b', {
      'package.json': '{"name":"b","version":"1.2.3","license":"MIT"}',
      'LICENSE.md': 'Do what you like.\n',
    });
    const text = renderNotices(root, ['node_modules/b']);
    assert.match(text, /b 1\.2\.3 \(MIT\)\n-+\n\nDo what you like\.\n/);
  });

  it('are written out where a package only names the MIT licence and its author', () => {
    const root = install('node_modules/b', {
      'package.json': '{"name":"b","version":"1.2.3","license":"MIT","author":"Some One"}',
    });
    const text = renderNotices(root, ['node_modules/b']);
    assert.match(text, /Copyright \(c\) Some One\n\nPermission is hereby granted/);
  });

  it('must be there', () => {
    const root = install('node_modules/b', { 'package.json': '{"name":"b","version":"1.2.3"}' });
    assert.throws(() => renderNotices(root, ['node_modules/b']), /b 1\.2\.3 has no licence/);
  });
});

/** An archive as PKWARE describes it, with deflated files. */
function zipOf(files: Record<string, string>): Buffer {
  const local: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const packed = deflateRawSync(text);
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(20, 0);
    facts.writeUInt16LE(8, 4);
    facts.writeUInt32LE(crc32(text), 10);
    facts.writeUInt32LE(packed.length, 14);
    facts.writeUInt32LE(Buffer.byteLength(text), 18);
    facts.writeUInt16LE(Buffer.byteLength(name), 22);
    const head = Buffer.concat([Buffer.from('PK\x03\x04'), facts, Buffer.from(name), packed]);
    local.push(head);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    const madeBy = Buffer.from([20, 0]);
    directory.push(
      Buffer.concat([Buffer.from('PK\x01\x02'), madeBy, facts, tail, Buffer.from(name)]),
    );
    offset += head.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(list.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...local, list, Buffer.from('PK\x05\x06'), end]);
}
