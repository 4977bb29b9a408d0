/**
 * The part of `@cfworker/json-schema` the gateway uses; a bundle of its own
 * (`dist/jsonSchemaValidator.js`), loaded on first use.
 */
export { Validator } from '@cfworker/json-schema';
