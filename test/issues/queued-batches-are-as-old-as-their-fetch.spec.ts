import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Currencies } from '../../apps/engine/src/currency.js';
import { engineMetrics } from '../../apps/engine/src/metrics.js';
import type { Partition } from '../../apps/engine/src/partition.js';
import type { Parts } from '../../apps/engine/src/parts.js';
import { Lane } from '../../libs/stream/src/lane.js';
import { patchKafkajs } from '../../libs/stream/src/kafka/patches.js';
import { createMetrics } from '#telemetry';

const NOW = 1_790_000_000_000;

/** A batch that waited ten seconds for its turn made its partition current as of the hand-over. */
it('a partition is current as of the fetch of its batch', async () => {
  const told: number[] = [];
  const store = {
    touch: async (_: string, { caughtUpAtMs }: { caughtUpAtMs: number }) => void told.push(caughtUpAtMs),
  };
  const partition = {
    number: 0,
    id: 'activity/0',
    next: 10,
    foldedAtMs: NOW,
    recorded: 'p',
  } as unknown as Partition;
  const parts = { metrics: engineMetrics(createMetrics()), store } as unknown as Parts;
  const currencies = new Currencies(parts, new Map([[0, partition]]));
  currencies.folded(partition, { end: 10, fetchedAtMs: NOW - 10_000 });
  expect([currencies.caughtUpAtMs(), told]).toEqual([NOW - 10_000, [NOW - 10_000]]);
});

it('a handler is told when its batch was fetched', async () => {
  const seen: unknown[] = [];
  const handler = {
    assigned: async () => 0,
    batch: async (_: number, __: unknown, { end, fetchedAtMs }: { end: number; fetchedAtMs: number }) =>
      void seen.push({ end, fetchedAtMs }),
    revoked: async () => undefined,
  };
  const lane = new Lane('t', 0, handler, {
    bounds: async () => ({ start: 0, end: 5 }),
    heartbeat: async () => undefined,
    onProgress: () => undefined,
    events: {},
  });
  await lane.open();
  await lane.deliver([], 5, { end: 5, fetchedAtMs: NOW });
  expect(seen).toEqual([{ end: 5, fetchedAtMs: NOW }]);
});

it('a batch of kafkajs carries the time before its fetch was asked', async () => {
  patchKafkajs();
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/consumer/consumerGroup') as {
    prototype: { fetch(node: string): Promise<{ fetchedAtMs: number }[]> };
  };
  const partitionData = {
    partition: 0,
    errorCode: 0,
    highWatermark: '1',
    messages: [],
    preferredReadReplica: -1,
  };
  const broker = {
    fetch: async () => {
      await sleep(50);
      return { responses: [{ topicName: 't', partitions: [partitionData] }] };
    },
  };
  const assigned = [{ topic: 't', partitions: [0] }];
  const group = Object.assign(Object.create(prototype) as typeof prototype, {
    cluster: { refreshMetadataIfNecessary: async () => undefined, findBroker: async () => broker },
    subscriptionState: { assigned: () => assigned, isPaused: () => false },
    offsetManager: { committedOffsets: () => ({ t: { 0: '0' } }), nextOffset: () => '0' },
    seekOffset: { has: () => false },
    preferredReadReplicasPerTopicPartition: {},
    checkForStaleAssignment: () => undefined,
    filterPartitionsByNode: () => assigned,
    seekOffsets: async () => undefined,
    getActiveTopicPartitions: () => ({ t: new Set([0]) }),
  });
  const beforeMs = Date.now();
  const [batch] = await group.fetch('1');
  expect(batch!.fetchedAtMs).toBeGreaterThanOrEqual(beforeMs);
  expect(batch!.fetchedAtMs).toBeLessThanOrEqual(Date.now() - 40);
});
