/** Who an agent is: SPIFFE IDs, and the tokens that prove them. */
export { IdentityError, type IdentityCode } from './errors.js';
export { isSpiffeId, parseSpiffeId, type SpiffeId } from './spiffe.js';
export {
  issuerKeys,
  loadIssuerKeys,
  loadTrustBundle,
  trustBundle,
  type IssuerKeys,
  type TrustBundle,
} from './keys.js';
export { verifyBearer, type Identity, type VerifyOptions } from './bearer.js';
