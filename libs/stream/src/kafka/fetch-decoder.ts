/**
 * The answer to a fetch, decoded for readers of ours: kafkajs decodes each record with all its headers, in arbitrary
 * precision and with two objects per field, which costs more than everything this project does with it. Here a record is
 * found, and decoded when it is looked at. What kafkajs does besides (errors, aborted transactions, positions) stays its own;
 * so do compressed batches and formats before the present one.
 */
import { createRequire } from 'node:module';
import type { Cluster, KafkaMessage } from 'kafkajs';
import { Bytes, malformed } from './bytes.js';
import { DecodedRecord, FetchedRecord, type RecordBatch } from './record.js';

const require = createRequire(import.meta.url);

/** kafkajs's cursor, as far as it is used here. */
interface Decoder {
  buffer: Buffer;
  offset: number;
  readInt32(): number;
  readInt16(): number;
  readInt64(): bigint;
  readString(): string;
  readArray<T>(read: (decoder: Decoder) => T): T[];
}
interface Response {
  decode(bytes: Buffer): Promise<unknown>;
  parse(decoded: unknown): unknown;
}
interface ProtocolRequest {
  request: { apiKey: number; apiVersion: number };
  response: Response;
}
interface Broker {
  connectionPool: { send(request: ProtocolRequest): Promise<unknown> };
}

const KafkaDecoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => Decoder;
const decodeBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (
  decoder: Decoder,
) => Promise<{ records: KafkaMessage[] }>;
const decodeMessageSet = require('kafkajs/src/protocol/messageSet/decoder') as (
  decoder: Decoder,
  size: number,
) => Promise<KafkaMessage[]>;

const FETCH_KEY = 1;
/** The newest that kafkajs speaks: every broker since Kafka 2.3 answers it. */
const FETCH_VERSION = 11;

/** Head of a record batch: base offset, length, leader epoch, magic, checksum, attributes … number of records. */
const HEAD = {
  lengthAt: 8,
  /** The length counts from here. */
  bodyAt: 12,
  magicAt: 16,
  attributesAt: 21,
  firstTimestampAt: 27,
  maxTimestampAt: 35,
  producerIdAt: 43,
  countAt: 57,
  bytes: 61,
};
const MAGIC = 2;
const COMPRESSION_MASK = 0x07;
const LOG_APPEND_TIME_FLAG = 0x08;
const TRANSACTIONAL_FLAG = 0x10;
const CONTROL_FLAG = 0x20;

const known = new WeakSet<Broker>();

/** Makes fetches through this cluster object give `LogRecord`s; other users of kafkajs in this process keep its own. */
export function fetchRecords(cluster: Cluster): void {
  const finder = cluster as unknown as { findBroker(where: { nodeId: string }): Promise<Broker> };
  const find = finder.findBroker.bind(cluster);
  finder.findBroker = async (where) => {
    const broker = await find(where);
    if (!known.has(broker)) {
      known.add(broker);
      replaceDecoder(broker);
    }
    return broker;
  };
}

function replaceDecoder({ connectionPool }: Broker): void {
  const send = connectionPool.send.bind(connectionPool);
  connectionPool.send = (asked) => {
    const { apiKey, apiVersion } = asked.request;
    if (apiKey !== FETCH_KEY || apiVersion !== FETCH_VERSION) return send(asked);
    const { response } = asked;
    return send({ ...asked, response: { decode: decodeFetch, parse: (data) => response.parse(data) } });
  };
}

/** As `kafkajs/src/protocol/requests/fetch/v11/response.js`, but for the records. */
export async function decodeFetch(bytes: Buffer): Promise<unknown> {
  const decoder = new KafkaDecoder(bytes);
  const clientSideThrottleTime = decoder.readInt32();
  const errorCode = decoder.readInt16();
  const sessionId = decoder.readInt32();
  const responses = decoder.readArray((topic) => {
    const topicName = topic.readString();
    return { topicName, partitions: topic.readArray((partition) => decodePartition(partition, topicName)) };
  });
  for (const { partitions } of responses) {
    for (const partition of partitions) partition.messages = await partition.messages;
  }
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses };
}

type Records = (FetchedRecord | DecodedRecord)[];

interface PartitionAnswer {
  partition: number;
  errorCode: number;
  highWatermark: string;
  lastStableOffset: string;
  lastStartOffset: string;
  abortedTransactions: { producerId: string; firstOffset: string }[];
  preferredReadReplica: number;
  messages: Records | Promise<Records>;
}

function decodePartition(decoder: Decoder, topic: string): PartitionAnswer {
  const head = {
    partition: decoder.readInt32(),
    errorCode: decoder.readInt16(),
    highWatermark: decoder.readInt64().toString(),
    lastStableOffset: decoder.readInt64().toString(),
    lastStartOffset: decoder.readInt64().toString(),
    abortedTransactions: decoder.readArray((one) => ({
      producerId: one.readInt64().toString(),
      firstOffset: one.readInt64().toString(),
    })),
    preferredReadReplica: decoder.readInt32(),
  };
  const size = Math.max(0, decoder.readInt32());
  const bytes = decoder.buffer.subarray(decoder.offset, decoder.offset + size);
  decoder.offset += size;
  return { ...head, messages: decodeRecords(bytes, topic, head.partition) };
}

/** All whole batches; the broker cuts the last one off where its limit is. */
function decodeRecords(bytes: Buffer, topic: string, partition: number): Records | Promise<Records> {
  const records: Records = [];
  for (let at = 0; at + HEAD.bytes <= bytes.length;) {
    const end = at + HEAD.bodyAt + bytes.readInt32BE(at + HEAD.lengthAt);
    const isPresent = bytes[at + HEAD.magicAt] === MAGIC;
    if (!isPresent) return decodeByKafkajs(bytes.subarray(at), topic, partition, records);
    if (end < at + HEAD.bytes) throw malformed(bytes, at);
    if (end > bytes.length) break;
    if ((bytes[at + HEAD.attributesAt + 1]! & COMPRESSION_MASK) !== 0)
      return decodeByKafkajs(bytes.subarray(at), topic, partition, records);
    addBatch(records, bytes.subarray(at, end), topic, partition);
    at = end;
  }
  return records;
}

function addBatch(records: Records, batch: Buffer, topic: string, partition: number): void {
  const attributes = batch.readInt16BE(HEAD.attributesAt);
  const firstOffset = Number(batch.readBigInt64BE(0));
  const firstTimestamp = Number(batch.readBigInt64BE(HEAD.firstTimestampAt));
  const maxTimestamp = Number(batch.readBigInt64BE(HEAD.maxTimestampAt));
  const byLog = (attributes & LOG_APPEND_TIME_FLAG) !== 0;
  const shared: RecordBatch = {
    topic,
    partition,
    bytes: batch,
    isControl: (attributes & CONTROL_FLAG) !== 0,
    inTransaction: (attributes & TRANSACTIONAL_FLAG) !== 0,
    producerId: batch.readBigInt64BE(HEAD.producerIdAt).toString(),
  };
  const bytes = new Bytes(batch, HEAD.bytes);
  for (let count = batch.readInt32BE(HEAD.countAt); count > 0; count -= 1) {
    const length = bytes.varint();
    const start = bytes.at;
    bytes.byte();
    const timestamp = firstTimestamp + bytes.varint();
    const offset = firstOffset + bytes.varint();
    records.push(new FetchedRecord(shared, bytes.at, offset, byLog ? maxTimestamp : timestamp));
    bytes.at = start;
    bytes.forward(length);
  }
}

/** What is compressed, or older: from here to the end of the partition's answer. */
async function decodeByKafkajs(
  bytes: Buffer,
  topic: string,
  partition: number,
  records: Records,
): Promise<Records> {
  const decoder = new KafkaDecoder(bytes);
  const add = (messages: KafkaMessage[]) => {
    for (const message of messages) records.push(new DecodedRecord(topic, partition, message));
  };
  if (bytes[HEAD.magicAt] !== MAGIC) {
    add(await decodeMessageSet(decoder, bytes.length));
    return records;
  }
  while (decoder.offset + HEAD.bytes <= bytes.length) {
    try {
      add((await decodeBatch(decoder)).records);
    } catch (error) {
      // Cut off by the broker's limit.
      if ((error as Error).name === 'KafkaJSPartialMessageError') break;
      throw error;
    }
  }
  return records;
}
