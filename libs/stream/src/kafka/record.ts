import type { KafkaMessage } from 'kafkajs';
import type { LogRecord } from '../port.js';
import { Bytes } from './bytes.js';

/** What records of one batch of the broker's have in common. */
export interface RecordBatch {
  readonly topic: string;
  readonly partition: number;
  /** The records, one behind the other. */
  readonly bytes: Buffer;
  readonly isControl: boolean;
  readonly inTransaction: boolean;
  readonly producerId: string;
}

type Headers = Readonly<Record<string, string>>;

/**
 * A record as it lies in the broker's answer. Key, value and headers are looked up when they are asked for: most readers
 * need one of them, and headers are the most expensive part of all.
 */
export class FetchedRecord implements LogRecord {
  /** `at` = where the length of the key stands. */
  constructor(
    private readonly batch: RecordBatch,
    private readonly at: number,
    readonly offset: number,
    readonly appendTimeMs: number,
  ) {}

  get topic(): string {
    return this.batch.topic;
  }

  get partition(): number {
    return this.batch.partition;
  }

  get key(): Buffer | null {
    return this.from().slice();
  }

  get value(): Buffer | null {
    const bytes = this.from();
    bytes.skip();
    return bytes.slice();
  }

  get headers(): Headers {
    const bytes = this.from();
    bytes.skip();
    bytes.skip();
    const headers: Record<string, string> = {};
    for (let count = bytes.varint(); count > 0; count -= 1) {
      const name = bytes.slice()?.toString() ?? '';
      const value = bytes.slice();
      if (value !== null) headers[name] = value.toString();
    }
    return headers;
  }

  /** kafkajs asks: such records are not for readers. */
  get isControlRecord(): boolean {
    return this.batch.isControl;
  }

  /** kafkajs asks when transactions were aborted. */
  get batchContext(): RecordBatch {
    return this.batch;
  }

  private from(): Bytes {
    return new Bytes(this.batch.bytes, this.at);
  }
}

/** A record that kafkajs decoded: of a compressed batch, or of a format before the present one. */
export class DecodedRecord implements LogRecord {
  readonly offset: number;
  readonly appendTimeMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly isControlRecord: boolean;
  readonly batchContext: unknown;
  private readonly raw: KafkaMessage['headers'];

  constructor(
    readonly topic: string,
    readonly partition: number,
    message: KafkaMessage & { isControlRecord?: boolean; batchContext?: unknown },
  ) {
    this.offset = Number(message.offset);
    this.appendTimeMs = Number(message.timestamp);
    this.key = message.key;
    this.value = message.value;
    this.raw = message.headers;
    this.isControlRecord = message.isControlRecord === true;
    this.batchContext = message.batchContext;
  }

  get headers(): Headers {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.raw ?? {})) {
      const last = Array.isArray(value) ? value.at(-1) : value;
      if (last !== undefined) headers[name] = last.toString();
    }
    return headers;
  }
}
