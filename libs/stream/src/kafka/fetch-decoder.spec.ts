import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { decodeFetch } from './fetch-decoder.js';
import type { LogRecord } from '../port.js';

const require = createRequire(import.meta.url);

interface Encoder {
  buffer: Buffer;
  writeInt16(value: number): Encoder;
  writeInt32(value: number): Encoder;
  writeInt64(value: number): Encoder;
  writeString(value: string): Encoder;
  writeBuffer(value: Buffer): Encoder;
}
interface Message {
  offset: string;
  timestamp: string;
  key: Buffer | null;
  value: Buffer | null;
  headers: Record<string, Buffer | Buffer[]>;
  isControlRecord: boolean;
  batchContext: { producerId: string; inTransaction: boolean };
}
interface Answer<M> {
  responses: { topicName: string; partitions: { partition: number; messages: M[] }[] }[];
}

const KafkaEncoder = require('kafkajs/src/protocol/encoder') as new () => Encoder;
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => Encoder;
const { RecordBatch: encodeBatch } = require('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch(batch: object): Promise<Encoder>;
};
const theirs = require('kafkajs/src/protocol/requests/fetch/v11/response') as {
  decode(bytes: Buffer): Promise<Answer<Message>>;
};

const APPENDED_MS = 1_790_000_000_123;
const FIRST_OFFSET = 7_000_000_000;

const RECORDS = [
  { key: 'a', value: Buffer.from('first'), headers: { ce_id: 'a-1', ce_type: 'x' }, timestampDelta: 0 },
  { key: null, value: Buffer.alloc(0), headers: {}, timestampDelta: 63 },
  { key: 'b'.repeat(70), value: null, headers: { empty: '' }, timestampDelta: 64 },
  { key: 'ü', value: Buffer.alloc(20_000, 'v'), headers: { twice: ['1', '2'] }, timestampDelta: 9_000 },
  { key: 'c', value: Buffer.from('late'), headers: {}, timestampDelta: 5_000_000_000 },
];

async function batch(options: { compression?: number; transactional?: boolean } = {}): Promise<Buffer> {
  const records = RECORDS.map((record, offsetDelta) => encodeRecord({ ...record, offsetDelta }));
  const { buffer } = await encodeBatch({
    ...options,
    firstTimestamp: APPENDED_MS,
    maxTimestamp: APPENDED_MS + 5_000_000_000,
    lastOffsetDelta: RECORDS.length - 1,
    producerId: 77,
    records,
  });
  // Brokers number what producers send from zero.
  buffer.writeBigInt64BE(BigInt(FIRST_OFFSET), 0);
  return buffer;
}

function answer(records: Buffer): Buffer {
  const head = new KafkaEncoder().writeInt32(0).writeInt16(0).writeInt32(0);
  const topic = head.writeInt32(1).writeString('topic').writeInt32(1);
  const partition = topic.writeInt32(3).writeInt16(0).writeInt64(9).writeInt64(8).writeInt64(0);
  const aborted = partition.writeInt32(1).writeInt64(77).writeInt64(FIRST_OFFSET).writeInt32(-1);
  return aborted.writeInt32(records.length).writeBuffer(records).buffer;
}

const text = (headers: Record<string, Buffer | Buffer[]>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      (Array.isArray(value) ? value.at(-1)! : value).toString(),
    ]),
  );

/** What kafkajs makes of the same bytes, in our words. */
async function both(bytes: Buffer) {
  const expected = await theirs.decode(answer(bytes));
  const messages = expected.responses[0]!.partitions[0]!.messages;
  const ours = (await decodeFetch(answer(bytes))) as Answer<LogRecord & Message>;
  const plain = ours.responses[0]!.partitions[0]!.messages.map((record) => ({
    topic: record.topic,
    partition: record.partition,
    offset: record.offset as unknown as number,
    appendTimeMs: record.appendTimeMs,
    key: record.key,
    value: record.value,
    headers: record.headers,
    isControlRecord: record.isControlRecord,
    producerId: record.batchContext.producerId,
    inTransaction: record.batchContext.inTransaction,
  }));
  const theirPlain = messages.map((message) => ({
    topic: 'topic',
    partition: 3,
    offset: Number(message.offset),
    appendTimeMs: Number(message.timestamp),
    key: message.key,
    value: message.value,
    headers: text(message.headers),
    isControlRecord: message.isControlRecord,
    producerId: message.batchContext.producerId,
    inTransaction: message.batchContext.inTransaction,
  }));
  const rest = (all: Answer<unknown>) =>
    all.responses.map((topic) => ({
      ...topic,
      partitions: topic.partitions.map((partition) => ({ ...partition, messages: [] })),
    }));
  expect(rest(ours)).toEqual(rest(expected));
  return { plain, theirPlain };
}

describe('the answer to a fetch', () => {
  it('is what kafkajs makes of it', async () => {
    const { plain, theirPlain } = await both(Buffer.concat([await batch(), await batch()]));
    expect(plain).toHaveLength(2 * RECORDS.length);
    expect(plain).toEqual(theirPlain);
    expect(plain[3]!.headers).toEqual({ twice: '2' });
    expect(plain[4]!.appendTimeMs).toBe(APPENDED_MS + 5_000_000_000);
  });

  it('takes the time of the log where the log says so', async () => {
    const bytes = await batch();
    bytes.writeInt16BE(bytes.readInt16BE(21) | 0x08, 21);
    const { plain, theirPlain } = await both(bytes);
    expect(plain).toEqual(theirPlain);
    expect(new Set(plain.map(({ appendTimeMs }) => appendTimeMs))).toEqual(
      new Set([APPENDED_MS + 5_000_000_000]),
    );
  });

  it('knows control records and transactions', async () => {
    const bytes = await batch({ transactional: true });
    bytes.writeInt16BE(bytes.readInt16BE(21) | 0x20, 21);
    const { plain, theirPlain } = await both(bytes);
    expect(plain).toEqual(theirPlain);
    expect(plain[0]).toMatchObject({ isControlRecord: true, inTransaction: true, producerId: '77' });
  });

  it('compressed batches are read by kafkajs, and what comes behind them', async () => {
    const bytes = Buffer.concat([await batch(), await batch({ compression: 1 }), await batch()]);
    const { plain, theirPlain } = await both(bytes);
    expect(plain).toHaveLength(3 * RECORDS.length);
    expect(plain).toEqual(theirPlain);
  });

  it('a batch that the broker cut off is left for the next fetch, wherever it is cut', async () => {
    const whole = await batch();
    for (let cut = 0; cut < whole.length; cut += 997) {
      const { plain, theirPlain } = await both(Buffer.concat([whole, whole.subarray(0, cut)]));
      expect(plain).toHaveLength(RECORDS.length);
      expect(plain).toEqual(theirPlain);
    }
  });

  it('damage is an error with a name, never a wrong record or a loop', async () => {
    const bytes = await batch();
    const lengthless = Buffer.from(bytes);
    lengthless.writeInt32BE(-40, 8);
    await expect(decodeFetch(answer(lengthless))).rejects.toMatchObject({ code: 'record-malformed' });
    const more = Buffer.from(bytes);
    more.writeInt32BE(1_000_000, 57);
    await expect(decodeFetch(answer(more))).rejects.toMatchObject({ code: 'record-malformed' });
  });
});
