import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { resolveCommand, splitCommandLine } from '../../../../src/lingma/connect/commandLine';
import { assertCode, thrownBy } from '../../../support/errors';

describe('lingma/connect/commandLine', () => {
  describe('splitCommandLine', () => {
    for (const [line, words] of [
      ['qwen --acp', ['qwen', '--acp']],
      ['  qwen \t --acp  ', ['qwen', '--acp']],
      ['"/My Tools/qwen" --model "a b"', ['/My Tools/qwen', '--model', 'a b']],
      [`qwen 'a "b" \\c'`, ['qwen', 'a "b" \\c']],
      ['qwen "a \'b\' \\"c\\""', ['qwen', `a 'b' "c"`]],
      ['qwen --a="b c"d', ['qwen', '--a=b cd']],
      ['qwen "" \'\'', ['qwen', '', '']],
      ['/My\\ Tools/qwen a\\\\b \\"', ['/My Tools/qwen', 'a\\b', '"']],
      [
        'qwen $HOME `id` ; rm * | x > y',
        ['qwen', '$HOME', '`id`', ';', 'rm', '*', '|', 'x', '>', 'y'],
      ],
      ['qwen \\d \\n', ['qwen', '\\d', '\\n']],
    ] as const) {
      it(line, () => {
        assert.deepEqual(splitCommandLine(line, 'linux'), words);
      });
    }

    it('leaves the backslashes of Windows paths alone', () => {
      assert.deepEqual(splitCommandLine('C:\\Tools\\qwen.cmd "C:\\My Dir\\" --acp', 'win32'), [
        'C:\\Tools\\qwen.cmd',
        'C:\\My Dir\\',
        '--acp',
      ]);
    });

    for (const line of ['', '   ', '"" --acp', 'qwen "half', "qwen 'half"]) {
      it(`${JSON.stringify(line)} is refused`, () => {
        assertCode(
          thrownBy(() => splitCommandLine(line, 'linux')),
          'invalid_request',
        );
      });
    }
  });

  describe('resolveCommand', () => {
    const on = (platform: NodeJS.Platform, files: readonly string[] = [], env = {}) => ({
      platform,
      env: { Path: 'C:\\bin;D:\\npm', PATHEXT: '.COM;.EXE;.CMD', ...env },
      isFile: (file: string) => files.includes(file),
    });

    it('leaves finding the program to systems that can', () => {
      assert.deepEqual(resolveCommand(['qwen', '--acp', 'a b'], on('linux')), {
        command: 'qwen',
        args: ['--acp', 'a b'],
        verbatim: false,
      });
    });

    it('finds a program of Windows as PATH and PATHEXT say', () => {
      const find = (name: string, files: readonly string[]) =>
        resolveCommand([name], on('win32', files)).command;
      assert.equal(find('qwen', ['D:\\npm\\qwen.EXE']), 'D:\\npm\\qwen.EXE');
      assert.equal(find('qwen.exe', ['C:\\bin\\qwen.exe']), 'C:\\bin\\qwen.exe');
      assert.equal(find('C:\\x\\qwen', ['C:\\x\\qwen.COM']), 'C:\\x\\qwen.COM');
      // npm puts a shell script without an extension beside it, which Windows cannot run.
      assert.equal(find('qwen', ['C:\\bin\\qwen']), 'qwen');
    });

    it('runs a batch file under cmd.exe, with nothing left to expand', () => {
      const environment = on('win32', ['D:\\npm\\qwen.CMD'], { ComSpec: 'C:\\cmd.exe' });
      const { command, args, verbatim } = resolveCommand(
        ['qwen', '--acp', 'a b', 'x&calc', '%PATH%', 'say "hi"', 'dir\\'],
        environment,
      );
      assert.deepEqual([command, verbatim], ['C:\\cmd.exe', true]);
      assert.deepEqual(args.slice(0, 3), ['/d', '/s', '/c']);
      const line = args[3] ?? '';
      assert.match(line, /^"D:\\npm\\qwen\.CMD .*"$/);
      assert.ok(line.includes('^^^"x^^^&calc^^^"'), 'escaped for both readings');
      // Read once by cmd.exe and once more by the batch file, the line is the words again.
      const read = (text: string): string => text.replace(/\^(.)/g, '$1');
      const twice = read(read(line.slice(1, -1)));
      assert.equal(
        twice,
        'D:\\npm\\qwen.CMD "--acp" "a b" "x&calc" "%PATH%" "say \\"hi\\"" "dir\\\\"',
      );
      for (const [, before] of line.slice(1, -1).matchAll(/(.)[&%"]/g)) assert.equal(before, '^');
    });
  });
});
