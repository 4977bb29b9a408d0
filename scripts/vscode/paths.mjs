// @ts-check
/** Folders of this repository that the scripts share. */
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '..', '..');
/** Compiled tests, as the extension host loads them. */
export const hostTests = path.join(root, 'out', 'vscode-host');
/** An extension that uses ours as other people's would. */
export const exampleExtension = path.join(root, 'test', 'fixtures', 'example-extension');
/** Where a run leaves what people look at: screenshots and logs. */
export const testResults = path.join(root, 'test-results');
