import { createRequire } from 'node:module';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { onOffsetOutOfRange, patchKafkajs } from './patches.js';

const require = createRequire(import.meta.url);
type Class = new (
  options: object,
) => Record<string, (...args: unknown[]) => unknown> & { pending: unknown[] };
const RequestQueue = require('kafkajs/src/network/requestQueue') as Class;
const ConsumerGroup = require('kafkajs/src/consumer/consumerGroup') as Class;

describe('the repairs of kafkajs', () => {
  afterEach(() => vi.useRealTimers());

  it('an idle request queue arms no timer; one with something pending does', () => {
    patchKafkajs();
    vi.useFakeTimers();
    const queue = new RequestQueue({
      maxInFlightRequests: 1,
      requestTimeout: 1_000,
      logger: { debug: () => {} },
    });
    queue.checkPendingRequests!();
    expect(vi.getTimerCount()).toBe(0);
    queue.pending.push({ send: () => {} });
    queue.scheduleCheckPendingRequests!();
    expect(vi.getTimerCount()).toBe(1);
  });

  it('out of range: the owner of the consumer is asked, no offset is committed or reset', async () => {
    patchKafkajs();
    const cluster = {};
    const asked: [string, number][] = [];
    onOffsetOutOfRange(cluster, (topic, partition) => asked.push([topic, partition]));
    const group = Object.assign(Object.create(ConsumerGroup.prototype) as InstanceType<Class>, { cluster });
    await group.recoverFromOffsetOutOfRange!({ topic: 't', partition: 3 });
    expect(asked).toEqual([['t', 3]]);
  });

  it('the last known brokers stay known while none can be reached', () => {
    patchKafkajs();
    let ids = ['1', '2'];
    const cluster = { getNodeIds: () => ids };
    onOffsetOutOfRange(cluster, () => {});
    const group = Object.assign(Object.create(ConsumerGroup.prototype) as InstanceType<Class>, { cluster });
    expect(group.getNodeIds!()).toEqual(['1', '2']);
    ids = [];
    expect(group.getNodeIds!()).toEqual(['1', '2']);
    ids = ['3'];
    expect(group.getNodeIds!()).toEqual(['3']);
  });
});
