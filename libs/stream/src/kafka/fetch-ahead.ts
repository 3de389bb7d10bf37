/**
 * The next fetch is under way while the batches of the last one are in work: kafkajs asks again only when all of them are
 * done, so that broker and consumer would wait for each other in turn. What was fetched ahead is used only for partitions
 * that are asked for at exactly the offset it was fetched at; after a seek, a pause or a rebalance it is thrown away.
 */
import type { Cluster } from 'kafkajs';

interface Wanted {
  partition: number;
  fetchOffset: string;
  maxBytes: number;
}
export interface FetchRequest {
  topics: { topic: string; partitions: Wanted[] }[];
}
interface PartitionAnswer {
  partition: number;
  messages: { offset: number | string }[];
}
export interface FetchAnswer {
  responses: { topicName: string; partitions: PartitionAnswer[] }[];
}
export type Fetch<R extends FetchRequest = FetchRequest> = (request: R) => Promise<FetchAnswer>;

/** One fetch that nobody has asked for yet. */
interface Ahead {
  sentAtMs: number;
  /** By topic and partition. */
  offsets: Map<string, string>;
  /** Null = it failed: whoever asks finds out for himself. */
  answer: Promise<FetchAnswer | null>;
}

/** The fetches from one broker, one after the other. */
export class FetchAhead<R extends FetchRequest> {
  /** Wall time at which the fetch was sent whose answer was given last. */
  sentAtMs = 0;
  private ahead: Ahead | null = null;

  constructor(private readonly send: Fetch<R>) {}

  async fetch(request: R): Promise<FetchAnswer> {
    const answer = (await this.takeAhead(request)) ?? (await this.sendNow(request));
    const next = following(request, answer);
    if (next !== null) this.ahead = this.start(next);
    return answer;
  }

  private sendNow(request: R): Promise<FetchAnswer> {
    this.sentAtMs = Date.now();
    return this.send(request);
  }

  private start(request: R): Ahead {
    const sentAtMs = Date.now();
    const answer = this.send(request).catch(() => null);
    return { sentAtMs, offsets: offsetsOf(request), answer };
  }

  /** As much of it as is wanted now; null = nothing, or it failed. */
  private async takeAhead(request: R): Promise<FetchAnswer | null> {
    const { ahead } = this;
    if (ahead === null) return null;
    this.ahead = null;
    const wanted = offsetsOf(request);
    const fits = (place: string) =>
      ahead.offsets.has(place) && ahead.offsets.get(place) === wanted.get(place);
    // Waited for even when it is of no use: the broker answers in order.
    const answer = await ahead.answer;
    if (answer === null || ![...wanted.keys()].some(fits)) return null;
    this.sentAtMs = ahead.sentAtMs;
    const responses = answer.responses.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.filter(({ partition }) => fits(placeOf(topicName, partition))),
    }));
    return { ...answer, responses };
  }
}

/** What is asked next when all of this answer is worked on; null = there is no work, and it is asked at once anyway. */
function following<R extends FetchRequest>(request: R, { responses }: FetchAnswer): R | null {
  const next = new Map<string, string>();
  for (const { topicName, partitions } of responses) {
    for (const { partition, messages } of partitions) {
      const last = messages.at(-1);
      if (last) next.set(placeOf(topicName, partition), String(Number(last.offset) + 1));
    }
  }
  if (next.size === 0) return null;
  const topics = request.topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map((wanted) => ({
      ...wanted,
      fetchOffset: next.get(placeOf(topic, wanted.partition)) ?? wanted.fetchOffset,
    })),
  }));
  return { ...request, topics };
}

function offsetsOf({ topics }: FetchRequest): Map<string, string> {
  return new Map(
    topics.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, fetchOffset }) => [placeOf(topic, partition), fetchOffset] as const),
    ),
  );
}

function placeOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

interface Broker {
  fetch: Fetch;
}

/** By cluster object and broker. */
const brokers = new WeakMap<object, Map<string, { broker: Broker; ahead: FetchAhead<FetchRequest> }>>();

/** From now on fetches through this cluster object, of one consumer, are made ahead. */
export function fetchAhead(cluster: Cluster): void {
  const own = new Map<string, { broker: Broker; ahead: FetchAhead<FetchRequest> }>();
  brokers.set(cluster, own);
  const finder = cluster as unknown as { findBroker(where: { nodeId: string }): Promise<Broker> };
  const find = finder.findBroker.bind(cluster);
  finder.findBroker = async (where) => {
    const broker = await find(where);
    const id = String(where.nodeId);
    if (own.get(id)?.broker !== broker) {
      const ahead = new FetchAhead(broker.fetch.bind(broker));
      broker.fetch = (request) => ahead.fetch(request);
      own.set(id, { broker, ahead });
    }
    return broker;
  };
}

/** When the fetch was sent whose answer this broker's reader got last; null where nothing is fetched ahead. */
export function fetchSentAtMs(cluster: object, nodeId: string): number | null {
  return brokers.get(cluster)?.get(String(nodeId))?.ahead.sentAtMs ?? null;
}
