import type { IncomingMessage } from 'node:http';
import { REQUEST_MAX_BYTES } from '../limits.js';

/** The whole body, null when it is larger than `REQUEST_MAX_BYTES`. Rejects when the client leaves before its end. */
export async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  if (Number(request.headers['content-length'] ?? 0) > REQUEST_MAX_BYTES) return null;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > REQUEST_MAX_BYTES) return null;
    chunks.push(chunk as Buffer);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}
