/** Reading what clients send: whole messages, each of a bounded size, and all of them together too. */
import type { IncomingMessage } from 'node:http';
import { BODIES_MAX_BYTES, REQUEST_MAX_BYTES } from '../limits.js';

/** `too-large` = beyond `REQUEST_MAX_BYTES`; `no-room` = the others hold what may be held at once. */
export type Unread = 'too-large' | 'no-room';

/** The bodies that are held now. A body counts from its first byte until `done`. */
export class Bodies {
  private held = 0;

  constructor(private readonly maxBytes = BODIES_MAX_BYTES) {}

  get heldBytes(): number {
    return this.held;
  }

  /** The whole body; every one that came has to be given to `done`. Rejects when the client leaves before its end. */
  async read(request: IncomingMessage): Promise<Buffer | Unread> {
    if (Number(request.headers['content-length'] ?? 0) > REQUEST_MAX_BYTES) return 'too-large';
    const chunks: Buffer[] = [];
    let bytes = 0;
    let body: Buffer | null = null;
    try {
      // Left in the middle, the connection has to live for the answer.
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        bytes += (chunk as Buffer).length;
        this.held += (chunk as Buffer).length;
        if (bytes > REQUEST_MAX_BYTES) return 'too-large';
        if (this.held > this.maxBytes) return 'no-room';
        chunks.push(chunk as Buffer);
      }
      body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      return body;
    } finally {
      if (body === null) this.held -= bytes;
    }
  }

  /** It is not held any more. */
  done(body: Buffer): void {
    this.held -= body.length;
  }
}
