/** How containment is kept in the store: gateways in one record, revocations over a few, so that little is rewritten. */
import { partitionOf } from '#activity';
import type { ContainmentSnapshot, GatewayView, Tracked } from '#revocation';
import type { PartitionId } from '#store';

/** `enforcements` has one partition: one engine follows it. */
export const CONTAINMENT_PARTITION: PartitionId = 'enforcements/0';

/** At most `TRACKED_MAX` revocations over this many records of some tens of KB. */
const SHARDS = 32;
const GATEWAYS_KEY = 'gateways';
const shardKey = (shard: number) => `revocations/${shard}`;

/** Every key, in the order of `decodeContainment`. */
export const CONTAINMENT_KEYS = [
  GATEWAYS_KEY,
  ...Array.from({ length: SHARDS }, (_, shard) => shardKey(shard)),
];

/** Throws on bytes that this code cannot have written. */
export function decodeContainment(records: (Uint8Array | null)[]): ContainmentSnapshot {
  const [head, ...shards] = records.map((bytes): unknown => {
    return bytes === null ? null : JSON.parse(Buffer.from(bytes).toString('utf8'));
  });
  const { gateways, crowded } = (head ?? { gateways: [], crowded: false }) as {
    gateways: GatewayView[];
    crowded: boolean;
  };
  return { gateways, crowded, tracked: shards.flatMap((shard) => (shard ?? []) as Tracked[]) };
}

/** The gateways, and those records that hold one of the changed revocations. */
export function encodeContainment(
  snapshot: ContainmentSnapshot,
  changed: readonly string[],
): { key: string; state: Uint8Array }[] {
  const { gateways, crowded, tracked } = snapshot;
  const dirty = new Set(changed.map(shardOf));
  const shards = new Map([...dirty].map((shard): [number, Tracked[]] => [shard, []]));
  for (const one of tracked) shards.get(shardOf(one.id))?.push(one);
  const records: [string, unknown][] = [[GATEWAYS_KEY, { gateways, crowded }]];
  for (const [shard, list] of shards) records.push([shardKey(shard), list]);
  return records.map(([key, value]) => ({ key, state: Buffer.from(JSON.stringify(value)) }));
}

function shardOf(revocation: string): number {
  return partitionOf(revocation, SHARDS);
}
