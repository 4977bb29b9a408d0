// @ts-check
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/**
 * The import zones of docs/architecture.md: what each folder of src/ may import besides itself
 * and src/base.
 * @type {Record<string, string[]>}
 */
const rooms = {
  base: [],
  conversation: [],
  observe: [],
  session: ['conversation'],
  lingma: ['conversation', 'observe'],
  wire: ['conversation'],
  http: ['wire', 'conversation', 'observe'],
  gateway: ['http', 'wire', 'conversation', 'session', 'lingma', 'observe'],
  vscode: ['gateway', 'conversation', 'observe', 'dashboard', 'api'],
  headless: ['gateway', 'observe'],
  dashboard: ['gateway'],
  demo: [],
};

const vscodeOutside = {
  paths: [{ name: 'vscode', message: 'Only src/vscode and src/extension.ts see VS Code.' }],
};

/**
 * The rule for the files of one room that lie `depth` folders below it.
 * @param {string} room
 * @param {string[]} mayImport
 * @param {number} depth
 * @returns {import('eslint').Linter.Config}
 */
function zone(room, mayImport, depth) {
  // The demo is a second reading of the protocol: it shares nothing, not even the helpers.
  const allowed = [room, ...mayImport, ...(room === 'demo' ? [] : ['base'])];
  const leavesRoom = `^${String.raw`\.\./`.repeat(depth + 1)}`;
  return {
    files: [`src/${room}/${'*/'.repeat(depth)}*.{ts,tsx}`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          ...(room === 'vscode' ? {} : vscodeOutside),
          patterns: [
            {
              regex: `${leavesRoom}(?!(${allowed.join('|')})(/|$))`,
              message: `src/${room} may import ${mayImport.join(', ') || 'no other room'} (docs/architecture.md).`,
            },
          ],
        },
      ],
    },
  };
}

export default defineConfig(
  { ignores: ['dist/', 'out/', 'node_modules/', 'test/vscode/fixtures/'] },
  { files: ['**/*.mjs'], extends: [tseslint.configs.recommended] },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './src/dashboard/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    rules: { 'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/vscode/notify.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'MemberExpression[property.name=/^show(Information|Warning|Error)Message$/]',
          message:
            'VS Code makes links of what stands in a notification: use src/vscode/notify.ts.',
        },
      ],
    },
  },
  {
    files: ['src/*.ts'],
    ignores: ['src/extension.ts'],
    rules: { 'no-restricted-imports': ['error', vscodeOutside] },
  },
  ...Object.entries(rooms).flatMap(([room, mayImport]) =>
    [0, 1].map((depth) => zone(room, mayImport, depth)),
  ),
  {
    files: ['test/**/*.ts', 'scripts/**'],
    rules: { 'no-console': 'off' },
  },
);
