/** Policy documents: YAML in, an immutable compiled `Policy` out, named by its digest. */
export type { Policy } from '#drift';
export { decodePolicy, encodePolicy } from './canonical.js';
export { PolicyError, type PolicyMistake } from './errors.js';
export { policyJsonSchema } from './json-schema.js';
export { defaultPolicy, loadPolicy } from './load.js';
export { parsePolicy } from './parse.js';
