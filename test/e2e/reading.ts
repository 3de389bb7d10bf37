/** What stands on the topics and in Redis, read with clients of the test's own: kafkajs and ioredis, nothing of Driftline. */
import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import type { Redis } from 'ioredis';

export interface TopicRecord {
  partition: number;
  offset: number;
  appendTimeMs: number;
  key: string | null;
  value: Buffer | null;
}

/** A stored state stands behind a stamp of this many bytes, new at each write. */
const STAMP_BYTES = 12;
const READ_DEADLINE_MS = 30_000;

/** Everything that is on a topic now, in order per partition. */
export async function readTopic(kafka: Kafka, topic: string): Promise<TopicRecord[]> {
  const ends = await topicEnds(kafka, topic);
  const left = new Set([...ends].filter(([, { low, high }]) => high > low).map(([partition]) => partition));
  const records: TopicRecord[] = [];
  if (left.size === 0) return records;
  const consumer = kafka.consumer({ groupId: `checker-${randomUUID()}`, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  try {
    await new Promise<void>((resolve, reject) => {
      const late = () => reject(new Error(`${topic} was not read to its end`));
      const timer = setTimeout(late, READ_DEADLINE_MS);
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      const eachBatch = async ({ batch }: Parameters<NonNullable<Run['eachBatch']>>[0]) => {
        const { partition } = batch;
        if (!left.has(partition)) return;
        const { high } = ends.get(partition)!;
        for (const { offset, timestamp, key, value } of batch.messages) {
          if (Number(offset) >= high) continue;
          const [at, appendTimeMs] = [Number(offset), Number(timestamp)];
          records.push({ partition, offset: at, appendTimeMs, key: key?.toString() ?? null, value });
        }
        if (Number(batch.lastOffset()) >= high - 1) left.delete(partition);
        if (left.size > 0) return;
        clearTimeout(timer);
        resolve();
      };
      consumer.run({ autoCommit: false, eachBatch }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}
type Run = NonNullable<Parameters<ReturnType<Kafka['consumer']>['run']>[0]>;

/** First offset and the one after the last, per partition. */
export async function topicEnds(
  kafka: Kafka,
  topic: string,
): Promise<Map<number, { low: number; high: number }>> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const offsets = await admin.fetchTopicOffsets(topic);
    return new Map(
      offsets.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]),
    );
  } finally {
    await admin.disconnect();
  }
}

/** Offset of the last folded record per partition, as Redis has it; −1 = none. */
export async function markers(redis: Redis, partitions: number): Promise<number[]> {
  const names = Array.from({ length: partitions }, (_, partition) => `dl:{activity/${partition}}:m`);
  const texts = await redis.mget(names);
  return texts.map((text) => (text === null ? -1 : (JSON.parse(text) as { offset: number }).offset));
}

/** Agent key → its state's bytes in hex. */
export async function storedStates(redis: Redis, partitions: number): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  for (let partition = 0; partition < partitions; partition += 1) {
    const prefix = `dl:{activity/${partition}}:s:`;
    const names = (await redis.keys(`${prefix}*`)).filter((name) => name.slice(prefix.length).includes('|'));
    const values = names.length === 0 ? [] : await redis.mgetBuffer(names);
    names.forEach((name, i) =>
      states.set(name.slice(prefix.length), values[i]!.subarray(STAMP_BYTES).toString('hex')),
    );
  }
  return states;
}
