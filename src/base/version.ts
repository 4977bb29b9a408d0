declare const __VERSION__: string | undefined;

/** The package's version; `0.0.0-dev` when the sources run unbundled (unit tests). */
export const version = typeof __VERSION__ === 'string' ? __VERSION__ : '0.0.0-dev';
