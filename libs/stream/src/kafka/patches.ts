/**
 * Three repairs of kafkajs 2.2.4 and one addition, made on its prototypes. They reach into its files, so any other version is refused.
 * 1. Its request queue re-arms a timer while nothing is pending and burns CPU when idle (tulios/kafkajs#1556).
 * 2. On an offset out of range it jumps to the default offset by itself. Here whoever owns the consumer is asked.
 * 3. When the last known broker goes away its consumer crashes and forgets its name in the group, which then waits for the
 *    old name until its session has run out. Here the broker stays known, and the consumer goes on under its name.
 * 4. A batch does not say when it was asked for, and may have waited long for its turn since. Here it does.
 */
import { createRequire } from 'node:module';
import { LogError } from '../errors.js';
import { fetchSentAtMs } from './fetch-ahead.js';

const require = createRequire(import.meta.url);
const KAFKAJS_VERSION = '2.2.4';

type OutOfRange = (topic: string, partition: number) => void;
interface RequestQueue {
  pending: unknown[];
  scheduleCheckPendingRequests(): void;
}
/** What `fetch` adds to a batch: wall time before the fetch, so that its high watermark is of then or later. */
export interface Fetched {
  fetchedAtMs: number;
}
interface ConsumerGroup {
  fetch(nodeId: string): Promise<Partial<Fetched>[]>;
  cluster: { getNodeIds?(): string[] };
  getNodeIds(): string[];
  recoverFromOffsetOutOfRange(error: { topic: string; partition: number }): Promise<void>;
}

/** Who is asked, by the cluster object of its consumer; other users of kafkajs in this process keep its behaviour. */
const owners = new WeakMap<object, OutOfRange>();
let patched = false;

/** Names the one to be asked when a consumer on this cluster object reads out of range. */
export function onOffsetOutOfRange(cluster: object, owner: OutOfRange): void {
  owners.set(cluster, owner);
}

/** Applies the repairs once; throws when kafkajs is another version than the one they were written for. */
export function patchKafkajs(): void {
  if (patched) return;
  const { version } = require('kafkajs/package.json') as { version: string };
  if (version !== KAFKAJS_VERSION)
    throw new LogError(
      'kafkajs-version',
      `kafkajs ${KAFKAJS_VERSION} was expected, ${version} is installed. Review libs/stream/src/kafka/patches.ts.`,
    );
  patchIdleLoop((require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }).prototype);
  const consumerGroup = (require('kafkajs/src/consumer/consumerGroup') as { prototype: ConsumerGroup })
    .prototype;
  patchOutOfRange(consumerGroup);
  patchKnownBrokers(consumerGroup);
  patchFetch(consumerGroup);
  patched = true;
}

function patchIdleLoop(queue: RequestQueue): void {
  const schedule = queue.scheduleCheckPendingRequests;
  queue.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this);
  };
}

function patchOutOfRange(group: ConsumerGroup): void {
  const recover = group.recoverFromOffsetOutOfRange;
  group.recoverFromOffsetOutOfRange = async function (this: ConsumerGroup, error) {
    const owner = owners.get(this.cluster);
    if (owner === undefined) await recover.call(this, error);
    else owner(error.topic, error.partition);
  };
}

function patchFetch(group: ConsumerGroup): void {
  const fetch = group.fetch;
  group.fetch = async function (this: ConsumerGroup, nodeId) {
    const calledAtMs = Date.now();
    const batches = await fetch.call(this, nodeId);
    const fetchedAtMs = fetchSentAtMs(this.cluster, nodeId) ?? calledAtMs;
    for (const batch of batches) batch.fetchedAtMs = fetchedAtMs;
    return batches;
  };
}

function patchKnownBrokers(group: ConsumerGroup): void {
  const known = new WeakMap<ConsumerGroup, string[]>();
  const current = group.getNodeIds;
  group.getNodeIds = function (this: ConsumerGroup) {
    const ids = current.call(this);
    if (ids.length > 0 || !owners.has(this.cluster)) known.set(this, ids);
    return known.get(this) ?? ids;
  };
}
