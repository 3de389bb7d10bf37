import { LogError } from '../errors.js';

/** A cursor over records as Kafka writes them. Throws `LogError` where the bytes end too soon. */
export class Bytes {
  constructor(
    readonly buffer: Buffer,
    public at = 0,
  ) {}

  /** Signed, zigzag, up to 2^53: seven bits a byte, the lowest first. */
  varint(): number {
    const { buffer } = this;
    let byte = this.byte();
    // One or two bytes are what nearly all are.
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let low = byte & 0x7f;
    byte = this.byte();
    low |= (byte & 0x7f) << 7;
    if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
    let value = low;
    for (let factor = 2 ** 14; ; factor *= 128) {
      if (factor > 2 ** 49) throw malformed(buffer, this.at);
      byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
  }

  /** The next part behind its length; null when there is none. */
  slice(): Buffer | null {
    const length = this.varint();
    if (length < 0) return null;
    const start = this.at;
    this.forward(length);
    return this.buffer.subarray(start, this.at);
  }

  skip(): void {
    this.forward(Math.max(0, this.varint()));
  }

  forward(length: number): void {
    this.at += length;
    if (length < 0 || this.at > this.buffer.length) throw malformed(this.buffer, this.at);
  }

  byte(): number {
    if (this.at >= this.buffer.length) throw malformed(this.buffer, this.at);
    return this.buffer[this.at++]!;
  }
}

/** What a damaged answer is called. */
export function malformed(buffer: Buffer, at: number): LogError {
  return new LogError(
    'record-malformed',
    `A batch of ${buffer.length} bytes from Kafka is not what its records say, at byte ${at}: the broker's log segment ` +
      'or the way to it is damaged. Check the broker, and restore the topic if its segments are.',
  );
}
