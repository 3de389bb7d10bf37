/** Policy documents: YAML in, an immutable compiled `Policy` out, named by its digest. */
export type { Policy } from '#drift';
export * from './baseline/index.js';
export { bundlePolicy, openBundle, type PolicyBundle } from './bundle.js';
export { decodePolicy, encodePolicy } from './canonical.js';
export * from './cases/index.js';
export {
  activeAt,
  BY_CONFIGURATION,
  isActivationKey,
  PolicyBook,
  type Activation,
  type Judging,
  type PolicyRecord,
  type Taken,
} from './book.js';
export { PolicyOvertaken, PolicyError, type PolicyMistake } from './errors.js';
export { checkPolicy, checkPolicyText, riskDigest, type Checked, type Remark } from './check/index.js';
export { expiredExceptions, warnOfExpired } from './expired.js';
export { caseJsonSchema, policyJsonSchema } from './json-schema.js';
export { defaultPolicy, loadPolicy } from './load.js';
export { parsePolicy } from './parse.js';
export { PolicyTopic, type Activating, type PolicyTopicOptions } from './topic.js';
export { countFor, lowerBound, upperBound } from './thresholds/binomial.js';
export {
  calibrate,
  levelsAround,
  thresholdFor,
  type Calibration,
  type JudgedTask,
  type Unkept,
} from './thresholds/calibrate.js';
export {
  loadThresholds,
  sealThresholds,
  thresholdsText,
  type ThresholdEntry,
  type ThresholdsFile,
} from './thresholds/document.js';
