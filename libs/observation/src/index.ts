/** From what a gateway sees to what the log carries: effects, values, data classes, resource, destination, facts. */
export { classifyTool, globMatches, guessEffect } from './classify.js';
export type { Classification, ToolAnnotations, ToolIdentity } from './classify.js';
export { canonicalJson, toolDigest, type ToolDefinition } from './digest.js';
export { HTTP_METHODS } from './effect-by.js';
export { ObservationError } from './errors.js';
export { AUTHOR_ALIAS, extractValues, type Extracted, type ExtractOptions } from './extract.js';
export { deriveTenantKey, Fingerprinter, FingerprintKeys } from './fingerprint.js';
export type { FingerprinterKey, TenantKey } from './fingerprint.js';
export { intentFeatures, type IntentFeatures } from './intent.js';
export { labelDataClasses } from './labels.js';
export * from './limits.js';
export { ANY_TOOL, ToolIndex, type KnownTool } from './requests.js';
export { SQL_VERBS } from './sql.js';
export { VALUES_VERSION } from './normal.js';
export { classifyCall, observeCall, observeIntent, observeResult } from './observe.js';
export type { ObserveContext, ObservedCall, ObservedResult, SeenCall, SeenResult } from './observe.js';
