import type { KafkaMessage } from 'kafkajs';
import type { LogRecord } from '../port.js';

/** A record as kafkajs read it. Headers are made into text only when somebody looks: most readers route by key. */
export class KafkaRecord implements LogRecord {
  readonly offset: number;
  readonly appendTimeMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  private readonly raw: KafkaMessage['headers'];

  constructor(
    readonly topic: string,
    readonly partition: number,
    message: KafkaMessage,
  ) {
    this.offset = Number(message.offset);
    this.appendTimeMs = Number(message.timestamp);
    this.key = message.key;
    this.value = message.value;
    this.raw = message.headers;
  }

  get headers(): Readonly<Record<string, string>> {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.raw ?? {})) {
      const last = Array.isArray(value) ? value.at(-1) : value;
      if (last !== undefined) headers[name] = last.toString();
    }
    return headers;
  }
}
