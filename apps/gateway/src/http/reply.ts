/** The answer to one client request: plain JSON or an event stream, whichever it has become. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { eventBytes } from '../mcp/sse.js';

export class Reply {
  private readonly response: ServerResponse;
  private readonly leavers: (() => void)[] = [];
  private streaming = false;
  private over = false;

  constructor(response: ServerResponse) {
    this.response = response;
    response.on('close', () => {
      if (response.writableFinished) return;
      this.over = true;
      for (const leave of this.leavers) leave();
    });
    // A write after the client left is not an error of ours; `close` follows.
    response.on('error', () => undefined);
  }

  /** False once the answer is complete or the client has gone. */
  get open(): boolean {
    return !this.over;
  }

  get started(): boolean {
    return this.response.headersSent;
  }

  /** Calls back when the client goes before its answer was complete. */
  onLeave(listener: () => void): void {
    if (this.response.destroyed && !this.response.writableFinished) listener();
    else this.leavers.push(listener);
  }

  /** Sets a header of whatever is sent. */
  header(name: string, value: string): void {
    if (!this.started) this.response.setHeader(name, value);
  }

  /** Begins a stream. */
  stream(status: number, headers: OutgoingHttpHeaders): void {
    if (this.over || this.started) return;
    this.streaming = true;
    this.response.writeHead(status, headers);
    this.response.flushHeaders();
  }

  /** Begins an event stream of the gateway's own. */
  eventStream(headers: OutgoingHttpHeaders = {}): void {
    this.stream(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      ...headers,
    });
  }

  /** Resolves when the client can take more. */
  async write(bytes: Buffer): Promise<void> {
    const { response } = this;
    if (this.over || response.write(bytes)) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        response.off('drain', go);
        response.off('close', go);
        resolve();
      };
      response.on('drain', go);
      response.on('close', go);
    });
  }

  /** A whole answer that did not stream. */
  send(status: number, headers: OutgoingHttpHeaders, body: Buffer | null): void {
    if (this.over || this.started) return;
    this.over = true;
    this.response.writeHead(status, body ? { ...headers, 'content-length': body.length } : headers);
    this.response.end(body ?? undefined);
  }

  /** Ends the answer with this message, in the framing the answer has taken. */
  finish(message: object, status = 200, headers: OutgoingHttpHeaders = {}): void {
    if (this.over) return;
    if (!this.started) {
      this.send(
        status,
        { 'content-type': 'application/json', ...headers },
        Buffer.from(JSON.stringify(message)),
      );
      return;
    }
    if (this.streaming) this.response.write(eventBytes(message));
    this.end();
  }

  /** Ends a stream. */
  end(): void {
    if (this.over) return;
    this.over = true;
    this.response.end();
  }

  /** Breaks the connection: the client must not take what it has for a whole answer. */
  abort(): void {
    this.over = true;
    this.response.destroy();
  }
}
