// @ts-check
import { importX } from 'eslint-plugin-import-x';
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
  vscode: ['gateway', 'conversation', 'observe', 'dashboard'],
  headless: ['gateway', 'observe'],
  dashboard: ['gateway'],
  demo: [],
};

const zones = Object.entries(rooms).map(([room, mayImport]) => ({
  target: `./src/${room}`,
  from: './src',
  // The demo is a second reading of the protocol: it shares nothing, not even the helpers.
  except: [...new Set([room, ...(room === 'demo' ? [] : ['base']), ...mayImport])].map(
    (name) => `./${name}`,
  ),
  message: `src/${room} may import ${mayImport.join(', ') || 'no other room'} (docs/architecture.md).`,
}));

export default defineConfig(
  { ignores: ['dist/', 'out/', 'node_modules/', 'test/vscode/fixtures/'] },
  { files: ['**/*.mjs'], extends: [tseslint.configs.recommended] },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './src/dashboard/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    settings: { 'import-x/resolver': { node: { extensions: ['.ts', '.tsx'] } } },
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
    rules: {
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/no-default-export': 'error',
    },
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    ignores: ['src/vscode/**', 'src/extension.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [{ name: 'vscode', message: 'Only src/vscode and src/extension.ts see VS Code.' }],
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'scripts/**'],
    rules: { 'no-console': 'off' },
  },
);
