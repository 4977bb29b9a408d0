import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'mocha';
import {
  candidatePaths,
  locateProgram,
  type LocateEnvironment,
  versionFolders,
} from '../../../src/lingma/locate';
import { assertCode, thrownBy } from '../../support/errors';
import { useTempDirs } from '../../support/tempDir';

const DEMO = '/dist/demo.js';

function addFile(mode: number, ...segments: readonly string[]): string {
  const file = path.join(...segments);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, '#!/bin/sh\n', { mode });
  return file;
}
const addProgram = (...segments: readonly string[]) => addFile(0o755, ...segments);

describe('lingma/locate', () => {
  const tempDir = useTempDirs();

  /**
   * A system with an empty home folder. One without fixed system paths, so that a Lingma which is
   * installed where the tests run does not disturb them.
   */
  function system(change: Partial<LocateEnvironment> = {}): LocateEnvironment {
    return { platform: 'freebsd', arch: 'x64', home: tempDir(), env: {}, ...change };
  }
  const found = (environment: LocateEnvironment) => locateProgram('', DEMO, environment).path;

  describe('an explicit path', () => {
    it('is what runs', () => {
      const program = addProgram(tempDir(), 'my-lingma');
      assert.deepEqual(locateProgram(program, DEMO, system()), {
        command: program,
        args: [],
        path: program,
        demo: false,
      });
    });

    it('must exist: nothing else is run in its place', () => {
      const environment = system();
      addProgram(environment.home, '.lingma/bin/1.0/x86_64_linux/Lingma');
      const missing = path.join(environment.home, 'missing');
      const error = thrownBy(() => locateProgram(missing, DEMO, environment));
      assertCode(error, 'binary_not_found');
      assert.ok(error.message.includes(missing));
      assert.equal(error.retryable, false);
    });

    it('must be a file that may be executed', () => {
      assertCode(
        thrownBy(() => locateProgram(tempDir(), DEMO, system())),
        'binary_not_found',
      );
      const plain = addFile(0o644, tempDir(), 'Lingma');
      const error = thrownBy(() => locateProgram(plain, DEMO, system()));
      assertCode(error, 'binary_not_found');
      assert.match(error.message, /chmod/);
    });

    it('goes before the environment, which goes before the usual places', () => {
      const [folder, home] = [tempDir(), tempDir()];
      const named = addProgram(folder, 'named');
      const fromEnv = addProgram(folder, 'from-env');
      addProgram(home, '.lingma/bin/1.0/x86_64_linux/Lingma');
      const environment = system({ home, env: { LINGMA_SERVICE_BINARY: fromEnv } });
      assert.equal(locateProgram(named, DEMO, environment).path, named);
      assert.equal(found(environment), fromEnv);
    });

    it('of the environment must exist as well', () => {
      const environment = system({ env: { LINGMA_SERVICE_BINARY: '/nowhere/Lingma' } });
      assertCode(
        thrownBy(() => found(environment)),
        'binary_not_found',
      );
    });

    it('may be blank, which is none', () => {
      const environment = system({ env: { LINGMA_SERVICE_BINARY: ' ' } });
      assert.equal(locateProgram('  ', DEMO, environment).demo, true);
    });

    it('may begin with the home folder and have white space around', () => {
      const environment = system();
      const program = addProgram(environment.home, 'bin/Lingma');
      assert.equal(locateProgram(' ~/bin/Lingma ', DEMO, environment).path, program);
    });

    for (const extension of ['js', 'cjs', 'mjs']) {
      it(`of a .${extension} script runs it with Node, executable or not`, () => {
        const script = addFile(0o644, tempDir(), `lingma.${extension}`);
        assert.deepEqual(locateProgram(script, DEMO, system()), {
          command: process.execPath,
          args: [script],
          path: script,
          demo: false,
        });
      });
    }
  });

  describe('the usual places', () => {
    it('hold the demo when they hold nothing', () => {
      assert.deepEqual(locateProgram('', DEMO, system()), {
        command: process.execPath,
        args: [DEMO],
        path: DEMO,
        demo: true,
      });
    });

    it('C-34 (34) give the newest version by number', () => {
      const environment = system();
      const versions = ['1.9.0', '1.10.0', '1.2.11'].map((version) =>
        addProgram(environment.home, '.lingma/bin', version, 'x86_64_linux/Lingma'),
      );
      assert.equal(found(environment), versions[1]);
    });

    it('skip a newer version that lacks a program for this system', () => {
      const environment = system();
      const bin = path.join(environment.home, '.lingma/bin');
      const old = addProgram(bin, '1.0', 'x86_64_linux/Lingma');
      addProgram(bin, '2.0', 'aarch64_linux/Lingma');
      addFile(0o644, bin, '3.0', 'x86_64_linux/Lingma');
      mkdirSync(path.join(bin, '4.0', 'x86_64_linux/Lingma'), { recursive: true });
      assert.equal(found(environment), old);
    });

    it('never give a sibling', () => {
      const environment = system();
      for (const name of ['LingmaLocal', 'LingmaWin7.exe', 'lingma', 'Lingma.bak', 'Lingma.exe']) {
        addProgram(environment.home, '.lingma/bin/1.0/x86_64_linux', name);
      }
      assert.equal(locateProgram('', DEMO, environment).demo, true);
    });

    it('end with PATH', () => {
      const [first, second, home] = [tempDir(), tempDir(), tempDir()];
      const program = addProgram(second, 'Lingma');
      const env = { PATH: [first, '', second].join(path.delimiter) };
      assert.equal(found(system({ home, env })), program);
      const installed = addProgram(home, '.lingma/bin/1.0/x86_64_linux/Lingma');
      assert.equal(found(system({ home, env })), installed);
    });
  });

  describe('candidatePaths', () => {
    const cases: Record<string, Omit<LocateEnvironment, 'home'> & { expected: string[] }> = {
      'Linux on Intel': {
        platform: 'linux',
        arch: 'x64',
        env: { PATH: '/usr/bin:/bin' },
        expected: [
          '~/.lingma/bin/2.0/x86_64_linux/Lingma',
          '/usr/local/bin/Lingma',
          '~/.config/lingma/bin/x86_64_linux/Lingma',
          '/usr/bin/Lingma',
          '/bin/Lingma',
        ],
      },
      'Linux on ARM': {
        platform: 'linux',
        arch: 'arm64',
        env: {},
        expected: [
          '~/.lingma/bin/2.0/aarch64_linux/Lingma',
          '/usr/local/bin/Lingma',
          '~/.config/lingma/bin/aarch64_linux/Lingma',
        ],
      },
      'macOS on Intel': {
        platform: 'darwin',
        arch: 'x64',
        env: {},
        expected: [
          '/Applications/Lingma.app/Contents/Resources/app/resources/bin/x86_64_darwin/Lingma',
          '~/Applications/Lingma.app/Contents/Resources/app/resources/bin/x86_64_darwin/Lingma',
          '~/.lingma/bin/2.0/x86_64_darwin/Lingma',
        ],
      },
      'macOS on Apple silicon': {
        platform: 'darwin',
        arch: 'arm64',
        env: {},
        expected: [
          '/Applications/Lingma.app/Contents/Resources/app/resources/bin/aarch64_darwin/Lingma',
          '~/Applications/Lingma.app/Contents/Resources/app/resources/bin/aarch64_darwin/Lingma',
          '/Applications/Lingma.app/Contents/Resources/app/resources/bin/x86_64_darwin/Lingma',
          '~/Applications/Lingma.app/Contents/Resources/app/resources/bin/x86_64_darwin/Lingma',
          '~/.lingma/bin/2.0/aarch64_darwin/Lingma',
          '~/.lingma/bin/2.0/x86_64_darwin/Lingma',
        ],
      },
      Windows: {
        platform: 'win32',
        arch: 'x64',
        env: { LOCALAPPDATA: '/local', ProgramFiles: '/programs' },
        expected: [
          '/local/Programs/Lingma/resources/app/resources/bin/x86_64_windows/Lingma.exe',
          '/programs/Lingma/resources/app/resources/bin/x86_64_windows/Lingma.exe',
          '~/.lingma/bin/2.0/x86_64_windows/Lingma.exe',
        ],
      },
      'Windows without its folders': {
        platform: 'win32',
        arch: 'arm64',
        env: {},
        expected: ['~/.lingma/bin/2.0/x86_64_windows/Lingma.exe'],
      },
    };
    for (const [what, { expected, ...environment }] of Object.entries(cases)) {
      it(`lists the places of ${what} in order`, () => {
        const home = tempDir();
        mkdirSync(path.join(home, '.lingma/bin/2.0'), { recursive: true });
        assert.deepEqual(
          candidatePaths({ ...environment, home }).map((file) => file.replace(home, '~')),
          expected,
        );
      });
    }
  });

  describe('versionFolders', () => {
    it('C-34 (34) are sorted by number, newest first, without what is no version', () => {
      const folder = tempDir();
      const names = ['1.9', '1.10', '1.10.1', '2', '1.9.9-beta', 'config.json', 'v3', '10.0'];
      for (const name of names) mkdirSync(path.join(folder, name));
      assert.deepEqual(
        versionFolders(folder).map((file) => path.basename(file)),
        ['10.0', '2', '1.10.1', '1.10', '1.9.9-beta', '1.9'],
      );
    });

    it('are none where there is no folder', () => {
      assert.deepEqual(versionFolders(path.join(tempDir(), 'missing')), []);
    });
  });
});
