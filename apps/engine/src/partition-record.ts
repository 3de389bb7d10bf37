/** What is kept for a whole partition beside its agents: which policy judges from here on. */

import { TALLY_KEY } from './flood-tally.js';

/** Agent keys contain `|`, so this is none. */
export const PARTITION_KEY = 'partition';

export interface PartitionRecord {
  /** Digest of the policy that judges after the marker. */
  policy: string;
  /** Revision it was activated with; 0 = from before they were counted. */
  revision: number;
}

/** Whether a key of the store is an agent's. */
export function isAgentKey(key: string): boolean {
  return key !== PARTITION_KEY && key !== TALLY_KEY;
}

export function encodePartitionRecord(record: PartitionRecord): Uint8Array {
  return Buffer.from(JSON.stringify(record));
}

/** Throws on bytes that this code cannot have written. */
export function decodePartitionRecord(bytes: Uint8Array): PartitionRecord {
  const record = JSON.parse(Buffer.from(bytes).toString('utf8')) as Partial<PartitionRecord>;
  if (typeof record.policy !== 'string') throw new Error('the record of the partition names no policy');
  return { policy: record.policy, revision: record.revision ?? 0 };
}
