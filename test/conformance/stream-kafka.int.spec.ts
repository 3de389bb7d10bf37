import kafkajs from 'kafkajs';
import { describe, expect, inject, it, vi } from 'vitest';
import { openKafkaLog, type Log } from '#stream';
import { streamConformance } from './stream.js';

const { ConfigResourceTypes, Kafka, logLevel } = kafkajs;
const brokers = inject('kafkaBrokers');

/** Overwrites settings of a topic; the others stay as they are. */
async function alter(topic: string, changes: Record<string, string>): Promise<void> {
  const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
  const own = resources[0]!.configEntries.filter((entry) => !entry.isDefault && entry.configSource === 1);
  const settings = {
    ...Object.fromEntries(own.map((entry) => [entry.configName, entry.configValue])),
    ...changes,
  };
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] });
  await admin.disconnect();
}

async function expire(log: Log, topic: string): Promise<void> {
  await alter(topic, { 'retention.ms': '1' });
  const gone = async () => {
    const { start, end } = await log.bounds(topic, 0);
    expect(start).toBe(end);
  };
  await vi.waitFor(gone, { timeout: 60_000, interval: 200 });
  await alter(topic, { 'retention.ms': '3600000' });
}

async function compact(log: Log, topic: string): Promise<void> {
  await alter(topic, {
    'segment.ms': '100',
    'min.cleanable.dirty.ratio': '0.0',
    'max.compaction.lag.ms': '100',
  });
  const gone = async () => {
    // A record that starts a new segment, so that the ones before are no longer the active one.
    await log.append(topic, [{ key: 'filler', value: Buffer.from('x') }]);
    expect(await log.readAt(topic, 0, 3)).toBeNull();
    expect(await log.readAt(topic, 0, 11)).toBeNull();
    expect(await log.readAt(topic, 0, 13)).toBeNull();
  };
  await vi.waitFor(gone, { timeout: 90_000, interval: 500 });
}

describe.skipIf(brokers === '')('on a real Kafka', () => {
  streamConformance('kafka', async () => ({
    open: (events) => openKafkaLog({ brokers: [brokers] }, { events }),
    peer: () => openKafkaLog({ brokers: [brokers] }),
    expire,
    compact,
    child: () => ({ mode: 'kafka', where: brokers }),
    shared: true,
    dispose: async () => {},
  }));

  it('the same cluster has the same identity for every reader', async () => {
    const logs = await Promise.all([
      openKafkaLog({ brokers: [brokers] }),
      openKafkaLog({ brokers: [brokers] }),
    ]);
    const [one, other] = await Promise.all(logs.map((log) => log.id()));
    expect(one).toBe(other);
    expect(one).toMatch(/^.{10,}\/[0-9a-f-]{36}$/);
    await Promise.all(logs.map((log) => log.close()));
  });
});
