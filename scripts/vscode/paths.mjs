// @ts-check
/** Folders of this repository that the scripts share. */
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '..', '..');
/** Compiled tests, as the extension host loads them. */
export const hostTests = path.join(root, 'out', 'vscode-host');
/** Where a run leaves what people look at: screenshots and logs. */
export const testResults = path.join(root, 'test-results');
