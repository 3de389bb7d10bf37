/**
 * Server-sent events at the byte level: what is passed on is what came, comments, ids and odd line ends included.
 * Splitting is on bytes, so multi-byte characters are never cut.
 */
import { GatewayError } from '../errors.js';
import { CODES } from './message.js';

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;

export interface SseBlock {
  /** The bytes as they came, with the empty line that ends them. */
  raw: Buffer;
  /** The joined `data` lines, null when the block has none (comments, `retry`, priming events are empty). */
  data: string | null;
  /** The lines that are not `data`, raw: kept when the data is replaced. */
  other: string[];
}

/** Collects bytes into blocks. One per stream. */
export class SseSplitter {
  private readonly maxBytes: number;
  /** The current block as far as earlier chunks had it. */
  private held: Buffer[] = [];
  private heldBytes = 0;
  private lineBytes = 0;
  private firstLine = true;
  /** The current line began with a colon: a comment. */
  private comment = false;
  /** A CR was seen: it ends the line, together with the LF if one follows. */
  private afterCr = false;
  /** Nothing was handed on yet. */
  private atStart = true;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Blocks that are complete now, in order. Throws `GatewayError` `limit` for an event beyond the limit. */
  push(chunk: Uint8Array): SseBlock[] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const blocks: SseBlock[] = [];
    let start = 0;
    const endLine = (end: number): void => {
      // A comment on its own is passed on at once: servers keep streams alive with them.
      const ends = this.lineBytes === 0 || (this.firstLine && this.comment);
      this.lineBytes = 0;
      this.comment = false;
      this.firstLine = ends;
      if (!ends) return;
      blocks.push(toBlock(this.take(bytes.subarray(start, end)), this.atStart));
      this.atStart = false;
      start = end;
    };
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at]!;
      if (this.afterCr) {
        this.afterCr = false;
        endLine(byte === LF ? at + 1 : at);
        if (byte === LF) continue;
      }
      if (byte === LF) endLine(at + 1);
      else if (byte === CR) this.afterCr = true;
      else {
        if (this.lineBytes === 0) this.comment = byte === COLON;
        this.lineBytes += 1;
      }
    }
    this.hold(bytes.subarray(start));
    return blocks;
  }

  private hold(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.held.push(bytes);
    this.heldBytes += bytes.length;
    if (this.heldBytes > this.maxBytes) {
      throw new GatewayError('limit', CODES.internal, `An event is larger than ${this.maxBytes} bytes`);
    }
  }

  private take(last: Buffer): Buffer {
    const all = this.held.length === 0 ? last : Buffer.concat([...this.held, last]);
    this.held = [];
    this.heldBytes = 0;
    return all;
  }
}

/** A byte-order mark before the first line is none of it: readers leave it out, and it must not hide a message from this one. */
function toBlock(raw: Buffer, first: boolean): SseBlock {
  const data: string[] = [];
  const other: string[] = [];
  const text = raw.toString('utf8');
  const lines = first && text.startsWith('\ufeff') ? text.slice(1) : text;
  for (const line of lines.split(/\r\n|\n|\r/)) {
    if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5));
    else if (line === 'data') data.push('');
    else if (line !== '') other.push(line);
  }
  const joined = data.join('\n');
  return { raw, data: joined === '' ? null : joined, other };
}

/** One event with this message, keeping the other fields (id, event) of the one it replaces. */
export function eventBytes(message: object, other: string[] = ['event: message']): Buffer {
  const head = other.length > 0 ? `${other.join('\n')}\n` : '';
  return Buffer.from(`${head}data: ${JSON.stringify(message)}\n\n`);
}
