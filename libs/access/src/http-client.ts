/** One keep-alive connection pool to an authority: JSON in, JSON out, typed errors, a deadline per request. */
import { Pool } from 'undici';
import { AccessError, CODE_HEADER, isAccessCode } from './errors.js';

export interface HttpClientOptions {
  /** Base address, e.g. `http://127.0.0.1:7401`. */
  url: string;
  /** Bearer credential of the caller. */
  token: string;
  /** Connections kept open at most. */
  connections?: number;
  /** Requests in flight or waiting for a connection at most; beyond it `limit`. */
  inFlightMax?: number;
}

export interface HttpRequest {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  body?: unknown;
  /** From sending to the last byte of the answer. */
  deadlineMs: number;
  /** The same request twice has the effect of one: sent once more when the connection broke before an answer. */
  idempotent: boolean;
}

/** Enough for 2,000 decisions a second at 10 ms each, with room. */
const CONNECTIONS = 64;
const IN_FLIGHT_MAX = 4_096;
/** An answer is a decision, a task or a list of revocations. */
const ANSWER_MAX_BYTES = 16 * 1024 * 1024;
/** Longer than a pause between calls, shorter than the authority keeps a connection (65 s). */
const KEEP_ALIVE_MS = 30_000;

export class HttpClient {
  private readonly pool: Pool;
  private readonly basePath: string;
  private readonly inFlightMax: number;
  private inFlight = 0;

  constructor(private readonly options: HttpClientOptions) {
    const { origin, pathname } = new URL(options.url);
    this.basePath = pathname.replace(/\/$/, '');
    this.inFlightMax = options.inFlightMax ?? IN_FLIGHT_MAX;
    this.pool = new Pool(origin, {
      connections: options.connections ?? CONNECTIONS,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxResponseSize: ANSWER_MAX_BYTES,
    });
  }

  /** The parsed body (undefined when empty). Throws `AccessError`. */
  async send(request: HttpRequest): Promise<unknown> {
    if (this.inFlight >= this.inFlightMax) {
      throw new AccessError('limit', `${this.inFlight} requests to the authority are already waiting`);
    }
    this.inFlight += 1;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), request.deadlineMs);
    try {
      return await this.attempt(request, abort.signal);
    } catch (error) {
      if (!request.idempotent || !brokeBeforeAnswer(error) || abort.signal.aborted)
        throw this.typed(error, request);
      return await this.attempt(request, abort.signal).catch((again: unknown) => {
        throw this.typed(again, request);
      });
    } finally {
      clearTimeout(timer);
      this.inFlight -= 1;
    }
  }

  /**
   * An answer without end, as text chunks (Server-Sent Events). The returned function ends it. `onText` may throw:
   * that ends the stream with its error.
   */
  async stream(
    path: string,
    onText: (text: string) => void,
    onEnd: (error?: Error) => void,
  ): Promise<() => void> {
    const abort = new AbortController();
    const request = {
      method: 'GET' as const,
      path: this.basePath + path,
      headers: this.headers(),
      bodyTimeout: 0,
    };
    const answer = await this.pool.request({ ...request, signal: abort.signal }).catch((error: unknown) => {
      throw this.typed(error, { method: 'GET', path });
    });
    if (answer.statusCode !== 200) {
      throw refusal(answer.statusCode, header(answer.headers, CODE_HEADER), await answer.body.text());
    }
    void this.pump(answer.body.setEncoding('utf8'), onText).then(
      () => onEnd(),
      (error: Error) => onEnd(abort.signal.aborted ? undefined : error),
    );
    return () => abort.abort();
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }

  private async pump(body: AsyncIterable<string>, onText: (text: string) => void): Promise<void> {
    for await (const text of body) onText(text);
  }

  private async attempt(request: HttpRequest, signal: AbortSignal): Promise<unknown> {
    const answer = await this.pool.request({
      method: request.method,
      path: this.basePath + request.path,
      headers: this.headers(),
      body: request.body === undefined ? undefined : JSON.stringify(request.body),
      signal,
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw refusal(answer.statusCode, header(answer.headers, CODE_HEADER), text);
    return text === '' ? undefined : parse(text);
  }

  private headers(): Record<string, string> {
    return { authorization: `Bearer ${this.options.token}`, 'content-type': 'application/json' };
  }

  private typed(
    error: unknown,
    request: Pick<HttpRequest, 'method' | 'path'> & { deadlineMs?: number },
  ): AccessError {
    if (error instanceof AccessError) return error;
    const { name, message } = error as Error;
    const what =
      name === 'AbortError' && request.deadlineMs ? `no answer within ${request.deadlineMs} ms` : message;
    const text = `${request.method} ${this.options.url}${request.path}: ${what}`;
    return new AccessError('unreachable', text, { cause: error });
  }
}

/** A kept-alive connection that the server closed just then, or one that was cut. */
function brokeBeforeAnswer(error: unknown): boolean {
  const code = (error as { code?: string }).code;
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

function header(headers: Record<string, string | string[] | undefined>, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AccessError('unreachable', `expected JSON from the authority, got ${text.slice(0, 80)}`, {
      cause: error,
    });
  }
}

/** An answer without our code header is not from an authority: a proxy, another service. */
function refusal(status: number, code: string, body: string): AccessError {
  const known = isAccessCode(code) ? code : 'unreachable';
  return new AccessError(known, said(body) || `the authority answered HTTP ${status}`);
}

/** The message of an error body: plain text, or JSON with a `message`. Every mistake of a policy fits. */
function said(body: string): string {
  const text = body.slice(0, SAID_MAX);
  if (!text.startsWith('{')) return text;
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    return typeof message === 'string' ? message.slice(0, SAID_MAX) : text;
  } catch {
    return text;
  }
}
const SAID_MAX = 16_384;
