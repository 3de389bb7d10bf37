/**
 * Appends through one idempotent producer. What is appended while a request is under way goes into the next one: batches
 * grow with the load, and at rest nothing waits. One request at a time keeps the order.
 */
import kafkajs, { type Message, type Producer, type RecordMetadata } from 'kafkajs';
import { AppendFailed } from '../errors.js';
import type { AppendRecord, LogEvents } from '../port.js';
import { makeClient, RETRY, rootCause, type Client, type KafkaSettings } from './client.js';

const { CompressionTypes, Partitioners } = kafkajs;

/** Bytes for one partition in one request: below the broker's limit of 1 MiB for a batch. */
const PARTITION_BYTES_MAX = 900_000;
const REQUEST_BYTES_MAX = 8 * 1024 * 1024;
const REQUEST_RECORDS_MAX = 20_000;
/** What kafkajs adds to a record, at most: lengths, deltas, header lengths. */
const RECORD_OVERHEAD_BYTES = 64;
/** What may wait while the cluster is away; beyond it appends are refused, so that memory stays bounded. */
const QUEUE_BYTES_MAX = 64 * 1024 * 1024;
/** What the broker may take to replicate one request. */
const REPLICATION_TIMEOUT_MS = 10_000;
/** How often the deadlines of waiting appends are looked at. */
const DEADLINE_CHECK_MS = 100;

interface Call {
  topic: string;
  placed: { partition: number; offset: number }[];
  left: number;
  sent: boolean;
  settled: boolean;
  sinceMs: number;
  resolve(placed: { partition: number; offset: number }[]): void;
  reject(error: Error): void;
}

interface Entry {
  call: Call;
  index: number;
  partition: number;
  message: Message;
  bytes: number;
}

export class KafkaAppender {
  private queue: Entry[] = [];
  private queuedBytes = 0;
  private readonly calls = new Set<Call>();
  private sending: Promise<void> | null = null;
  private producer: Producer | null = null;
  private client: Client | null = null;
  private closed = false;
  private readonly watch: NodeJS.Timeout;

  constructor(
    private readonly config: KafkaSettings,
    private readonly options: { deadlineMs: number; compression: 'none' | 'gzip' },
    private readonly events: LogEvents,
  ) {
    this.watch = setInterval(() => this.checkDeadlines(), DEADLINE_CHECK_MS);
    this.watch.unref();
  }

  /** `records` have their partitions; all of one call go to one topic. */
  append(topic: string, records: (AppendRecord & { partition: number })[]): Promise<Call['placed']> {
    if (this.closed) return Promise.reject(closedError(topic));
    if (records.length === 0) return Promise.resolve([]);
    const sizes = records.map(sizeOf);
    const largest = Math.max(...sizes);
    if (largest > PARTITION_BYTES_MAX) return Promise.reject(tooLarge(topic, largest));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    if (this.queuedBytes > 0 && this.queuedBytes + bytes > QUEUE_BYTES_MAX)
      return Promise.reject(queueFull());
    return new Promise((resolve, reject) => {
      const base = { topic, placed: [], left: records.length, sent: false, settled: false };
      const call: Call = { ...base, sinceMs: performance.now(), resolve, reject };
      this.calls.add(call);
      records.forEach((record, index) => this.queue.push(toEntry(call, index, record, sizes[index]!)));
      this.queuedBytes += bytes;
      this.sending ??= this.sendAll();
    });
  }

  private async sendAll(): Promise<void> {
    // One turn later, so that what is appended in the same turn shares the request.
    await Promise.resolve();
    while (this.queue.length > 0) {
      const entries = this.takeEntries();
      if (entries.length === 0) continue;
      try {
        const producer = await this.connected();
        for (const { call } of entries) call.sent = true;
        this.done(entries, await producer.sendBatch(this.request(entries)));
      } catch (cause) {
        this.failed(entries, cause);
        await this.dropProducer();
      }
    }
    this.sending = null;
  }

  /** From the front of the queue, up to the limits of a request; entries of calls that were given up are left out. */
  private takeEntries(): Entry[] {
    const perPartition = new Map<string, number>();
    const entries: Entry[] = [];
    let bytes = 0;
    let taken = 0;
    for (const entry of this.queue) {
      const key = `${entry.call.topic}/${entry.partition}`;
      const partitionBytes = (perPartition.get(key) ?? 0) + entry.bytes;
      const full = partitionBytes > PARTITION_BYTES_MAX || bytes + entry.bytes > REQUEST_BYTES_MAX;
      if (entries.length > 0 && (full || entries.length >= REQUEST_RECORDS_MAX)) break;
      taken += 1;
      this.queuedBytes -= entry.bytes;
      if (entry.call.settled) continue;
      perPartition.set(key, partitionBytes);
      bytes += entry.bytes;
      entries.push(entry);
    }
    this.queue = this.queue.slice(taken);
    return entries;
  }

  private request(entries: Entry[]) {
    const byTopic = new Map<string, Message[]>();
    for (const { call, message } of entries) {
      const messages = byTopic.get(call.topic);
      if (messages === undefined) byTopic.set(call.topic, [message]);
      else messages.push(message);
    }
    return {
      acks: -1,
      timeout: REPLICATION_TIMEOUT_MS,
      compression: this.options.compression === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None,
      topicMessages: [...byTopic].map(([topic, messages]) => ({ topic, messages })),
    };
  }

  private done(entries: Entry[], answer: RecordMetadata[]): void {
    const next = new Map(answer.map((one) => [`${one.topicName}/${one.partition}`, Number(one.baseOffset)]));
    for (const { call, index, partition } of entries) {
      const key = `${call.topic}/${partition}`;
      const offset = next.get(key)!;
      next.set(key, offset + 1);
      call.placed[index] = { partition, offset };
      call.left -= 1;
      if (call.left === 0 && this.settle(call)) {
        this.events.appended?.(call.topic, call.placed.length, performance.now() - call.sinceMs);
        call.resolve(call.placed);
      }
    }
  }

  private failed(entries: Entry[], cause: unknown): void {
    const why = rootCause(cause);
    for (const call of new Set(entries.map((entry) => entry.call)))
      this.refuse(
        call,
        new AppendFailed(
          'append-refused',
          call.sent ? 'unknown' : 'not-appended',
          `Kafka refused records for ${call.topic}: ${why.message} (${why.type ?? why.name}).`,
          { cause },
        ),
      );
  }

  private refuse(call: Call, error: AppendFailed): void {
    if (!this.settle(call)) return;
    this.events.appendFailed?.(call.topic, call.left, error);
    call.reject(error);
  }

  /** False when the call has its answer already. */
  private settle(call: Call): boolean {
    if (call.settled) return false;
    call.settled = true;
    this.calls.delete(call);
    return true;
  }

  private checkDeadlines(): void {
    const oldest = performance.now() - this.options.deadlineMs;
    for (const call of this.calls) {
      // Calls are in the order of their start.
      if (call.sinceMs > oldest) return;
      const outcome = call.sent ? 'unknown' : 'not-appended';
      const what = call.sent ? 'they were sent and may still become durable' : 'they were not sent';
      this.refuse(
        call,
        new AppendFailed(
          'append-timeout',
          outcome,
          `${call.left} records for ${call.topic} were not acknowledged within ${this.options.deadlineMs} ms; ${what}.`,
        ),
      );
    }
  }

  private async connected(): Promise<Producer> {
    if (this.producer !== null) return this.producer;
    this.client = makeClient(this.config, 'patient');
    const producer = this.client.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: RETRY.patient,
    });
    await producer.connect();
    this.producer = producer;
    return producer;
  }

  /** After a refusal its sequence numbers may be out of step with the broker's: the next request gets a new producer. */
  private async dropProducer(): Promise<void> {
    this.client?.giveUp();
    const broken = this.producer;
    this.producer = null;
    try {
      await broken?.disconnect();
    } catch (cause) {
      this.events.warning?.(`A producer did not disconnect: ${rootCause(cause).message}`);
    }
  }

  /** Takes no more and waits for what was taken, up to its deadlines. */
  async close(): Promise<void> {
    this.closed = true;
    while (this.calls.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    clearInterval(this.watch);
    await this.dropProducer();
  }
}

function sizeOf(record: AppendRecord): number {
  const headers = Object.entries(record.headers ?? {});
  const headerBytes = headers.reduce((sum, [name, text]) => sum + name.length * 3 + text.length * 3 + 10, 0);
  return RECORD_OVERHEAD_BYTES + record.key.length * 3 + (record.value?.length ?? 0) + headerBytes;
}

function toEntry(
  call: Call,
  index: number,
  record: AppendRecord & { partition: number },
  bytes: number,
): Entry {
  const { key, value, partition } = record;
  const message = { key, value, partition, ...(record.headers ? { headers: record.headers } : {}) };
  return { call, index, partition, message, bytes };
}

const closedError = (topic: string) =>
  new AppendFailed('append-closed', 'not-appended', `The log is closed; nothing was appended to ${topic}.`);

const tooLarge = (topic: string, bytes: number) =>
  new AppendFailed(
    'append-refused',
    'not-appended',
    `A record for ${topic} has about ${bytes} bytes; the log takes up to ${PARTITION_BYTES_MAX}.`,
  );

const queueFull = () =>
  new AppendFailed(
    'append-queue-full',
    'not-appended',
    `${QUEUE_BYTES_MAX} bytes wait to be sent already: Kafka is away or too slow for this load. Try again later.`,
  );
