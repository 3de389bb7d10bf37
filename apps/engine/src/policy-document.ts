/** A compiled policy as it stands on the `policies` topic: plain data, keyed by its digest. */
import type { Policy } from '#drift';

export function encodePolicy(policy: Policy): Buffer {
  return Buffer.from(JSON.stringify(policy));
}

/** Throws on what cannot be a policy. Whoever may produce to `policies` says what judges: guarded by the log's rights. */
export function decodePolicy(bytes: Uint8Array): Policy {
  const policy = JSON.parse(Buffer.from(bytes).toString('utf8')) as Partial<Policy> | null;
  const isPolicy =
    typeof policy?.digest === 'string' && policy.detectors !== undefined && Array.isArray(policy.responses);
  if (!isPolicy) throw new Error('expected a compiled policy with digest, detectors and responses');
  return policy as Policy;
}
