/** Revocations: the index that calls are matched against, and the proof that gateways enforced them. */
export { covers, coversEffect, enforces, type RevocableCall } from './covers.js';
export {
  LIFTED_MAX,
  REVOCATIONS_MAX,
  RevocationIndex,
  isInForce,
  isOver,
  type Applied,
  type IndexLimits,
} from './revocation-index.js';
export { Containment, type ContainmentLimits } from './containment.js';
export * from './containment-types.js';
