/** An upstream server over Streamable HTTP: bytes pass through, responses to judged calls are looked at on the way. */
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { Pool, type Dispatcher } from 'undici';
import type { Exchange, Watch } from '../calls/port.js';
import type { Session } from '../calls/sessions.js';
import { GatewayError } from '../errors.js';
import { clientHeaders, upstreamHeaders } from '../http/headers.js';
import type { Reply } from '../http/reply.js';
import { OPEN_MAX, RESULT_MAX_BYTES, STOP_WAIT_MS } from '../limits.js';
import { unknownAnswer } from '../mcp/denial.js';
import {
  CODES,
  type JsonObject,
  type Message,
  type RequestId,
  type ResponseMessage,
} from '../mcp/message.js';
import { eventBytes, SseSplitter, type SseBlock } from '../mcp/sse.js';

/** What the relay tells the front about an answer before it is passed on. */
export interface HttpUpstreamHooks {
  /** Answer to `initialize`: its session, if any, now belongs to the agent. Returns the session. */
  opened(exchange: Exchange, sessionId: string): Session;
  /** What a server's message is, null when it is none: `Observer.read`. */
  read(share: string, text: string, whole: boolean): Promise<Message | null>;
  /** An event was no JSON-RPC message, and was not passed on. */
  unread(): void;
}

type Answer = Dispatcher.ResponseData;

export class HttpUpstream {
  private readonly url: URL;
  private readonly pool: Pool;
  private readonly hooks: HttpUpstreamHooks;

  constructor(url: string, hooks: HttpUpstreamHooks) {
    this.url = new URL(url);
    // Calls may take minutes and streams stay silent for hours: the client decides when it has waited enough.
    this.pool = new Pool(this.url.origin, {
      // Streams hold theirs for hours; what clients may have open is what bounds it.
      connections: OPEN_MAX,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.hooks = hooks;
  }

  /** One POSTed message. `watch` is the judged call it makes, if it makes one. */
  async post(
    exchange: Exchange,
    body: Buffer,
    authorization: string | null,
    reply: Reply,
    watch: Watch | null,
  ): Promise<void> {
    const abort = new AbortController();
    let left = false;
    let streamed = false;
    reply.onLeave(() => {
      left = true;
      abort.abort();
    });
    watch?.onStop((answer) => this.stop(exchange, authorization, answer, reply, abort));
    try {
      const answer = await this.request('POST', exchange.headers, authorization, body, abort.signal);
      streamed = isEventStream(answer);
      const { message } = exchange;
      const own = message.kind === 'request' ? message.id : null;
      await this.relay(answer, reply, {
        session: this.sessionOf(exchange, answer),
        watch,
        own,
        share: exchange.share,
      });
    } catch (error) {
      if (!reply.open) return;
      if (reply.started) reply.abort();
      else reply.finish(unreachable(exchange.message, error), 502);
    } finally {
      // In a session the response may still come on a resumed stream; elsewhere it never will.
      if (streamed && exchange.session) watch?.detach();
      else watch?.lost(left ? 'cancelled' : 'unknown');
    }
  }

  /** The session's own stream (2025-11-25), resumed or new. */
  async get(
    headers: IncomingHttpHeaders,
    authorization: string | null,
    reply: Reply,
    session: Session | null,
    share: string,
  ): Promise<void> {
    const abort = new AbortController();
    reply.onLeave(() => abort.abort());
    try {
      await this.relay(await this.request('GET', headers, authorization, null, abort.signal), reply, {
        session,
        watch: null,
        own: null,
        share,
      });
    } catch {
      if (reply.started) reply.abort();
      else reply.send(502, {}, null);
    }
  }

  /** Ends a session. Returns the status the server answered with. */
  async delete(headers: IncomingHttpHeaders, authorization: string | null, reply: Reply): Promise<number> {
    try {
      const answer = await this.request('DELETE', headers, authorization, null, undefined);
      await this.relay(answer, reply, { session: null, watch: null, own: null, share: '' });
      return answer.statusCode;
    } catch {
      reply.send(502, {}, null);
      return 502;
    }
  }

  /** Sends a message of the gateway's own into a session; the answer does not matter. */
  async tell(headers: IncomingHttpHeaders, authorization: string | null, message: object): Promise<void> {
    const answer = await this.request(
      'POST',
      headers,
      authorization,
      Buffer.from(JSON.stringify(message)),
      undefined,
    );
    await answer.body.dump();
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }

  private request(
    method: 'POST' | 'GET' | 'DELETE',
    headers: IncomingHttpHeaders,
    authorization: string | null,
    body: Buffer | null,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const path = `${this.url.pathname}${this.url.search}`;
    return this.pool.request({
      method,
      path,
      headers: upstreamHeaders(headers, authorization),
      body,
      signal,
    });
  }

  private sessionOf(exchange: Exchange, answer: Answer): Session | null {
    const id = answer.headers['mcp-session-id'];
    const opens = exchange.message.kind === 'request' && exchange.message.method === 'initialize';
    if (opens && typeof id === 'string' && answer.statusCode < 300) return this.hooks.opened(exchange, id);
    return exchange.session;
  }

  /** A revocation took the call away: the client is answered, the server is asked to stop. */
  private stop(
    exchange: Exchange,
    authorization: string | null,
    answer: JsonObject,
    reply: Reply,
    abort: AbortController,
  ): void {
    reply.finish(answer);
    if (exchange.era === 'stateless' || exchange.message.kind !== 'request') {
      // Closing the stream is the cancellation; nothing more can be heard of the call.
      abort.abort();
      return;
    }
    const cancel = {
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: exchange.message.id, reason: 'revoked' },
    };
    // Whether it was heard shows in how the call ends, which is waited for.
    this.tell(exchange.headers, authorization, cancel).catch(() => undefined);
    setTimeout(() => abort.abort(), STOP_WAIT_MS).unref();
  }

  private async relay(answer: Answer, reply: Reply, asked: AskedFor): Promise<void> {
    const { headers, body } = decoded(answer);
    const { watch } = asked;
    if (isEventStream(answer)) {
      reply.stream(answer.statusCode, clientHeaders(headers));
      await this.relayEvents(body, reply, asked);
    } else if (watch) {
      await this.relayWatched(answer.statusCode, headers, body, reply, { ...asked, watch });
    } else {
      reply.stream(answer.statusCode, clientHeaders(headers));
      for await (const chunk of body) await reply.write(chunk as Buffer);
      reply.end();
    }
  }

  private async relayWatched(
    status: number,
    headers: IncomingHttpHeaders,
    body: Readable,
    reply: Reply,
    { watch, share }: AskedFor & { watch: Watch },
  ): Promise<void> {
    const bytes = await collect(body);
    const text = bytes.toString('utf8');
    const message = await this.hooks.read(share, text, watch.whole);
    if (message?.kind === 'response') {
      const instead = await watch.settle(message, text, bytes.length);
      if (instead) {
        reply.finish(instead);
        return;
      }
    } else if (status < 300 && bytes.length > 0) {
      throw new GatewayError(
        'upstream',
        CODES.internal,
        'The server answered with something that is no JSON-RPC response',
      );
    }
    reply.send(status, withoutLength(clientHeaders(headers)), bytes);
  }

  private async relayEvents(body: Readable, reply: Reply, asked: AskedFor): Promise<void> {
    const splitter = new SseSplitter(RESULT_MAX_BYTES);
    for await (const chunk of body) {
      for (const block of splitter.push(chunk as Buffer)) {
        const instead = await this.judged(block, asked);
        if (reply.open) await reply.write(instead ?? block.raw);
      }
    }
    // An unfinished event: readers ignore it, and it was not looked at.
    reply.end();
  }

  /** What is passed on in place of an event, null for the event itself. */
  private async judged(block: SseBlock, asked: AskedFor): Promise<Buffer | null> {
    if (block.data === null || (!asked.watch && !asked.session)) return null;
    const message = await this.hooks.read(asked.share, block.data, asked.watch?.whole ?? false);
    if (message) return judgeMessage(message, block, asked);
    // A batch, another version, something else: nobody here can say what a reader would find in it.
    this.hooks.unread();
    return NOTHING;
  }
}

const NOTHING = Buffer.alloc(0);

/** What an answer of the server was asked for with. */
interface AskedFor {
  session: Session | null;
  watch: Watch | null;
  /** Id of the request it answers; null for a stream of the session. */
  own: RequestId | null;
  /** Whose share of what is there for all it takes. */
  share: string;
}

/** Looks at one event: responses to judged calls may be replaced, requests of the server are remembered. */
async function judgeMessage(
  message: Message,
  block: SseBlock,
  { session, watch, own }: AskedFor,
): Promise<Buffer | null> {
  if (message.kind === 'request') session?.await(message.id, message.method);
  if (message.kind !== 'response') return null;
  const id = message.id === null ? null : String(message.id);
  const isOwn = own !== null && id === String(own);
  const withheld = id === null ? undefined : session?.withheld.get(id);
  if (withheld) return eventBytes(withheld, block.other);
  // On a call's own stream every other response is its own too: clients differ in how strictly they compare ids.
  const judge = isOwn || id === null ? watch : (session?.calls.get(id) ?? watch);
  const passes = isOwn || session === null || isHousekeeping(message) || session.wasReleased(message.id);
  const instead = judge
    ? await judge.settle(message, block.data!, block.raw.length)
    : passes
      ? null
      : unknownAnswer(message.id);
  return instead ? eventBytes(instead, block.other) : null;
}

/** Members of results that are not judged; what a tool, resource or prompt gives has others. */
const HOUSEKEEPING_MEMBERS = new Set(
  (
    'tools prompts resources resourceTemplates nextCursor completion ' +
    'protocolVersion capabilities serverInfo instructions _meta'
  ).split(' '),
);

function isHousekeeping({ result }: ResponseMessage): boolean {
  return result !== null && Object.keys(result).every((member) => HOUSEKEEPING_MEMBERS.has(member));
}

function isEventStream(answer: Answer): boolean {
  return String(answer.headers['content-type'] ?? '').startsWith('text/event-stream');
}

/** The whole body. Rejects beyond `RESULT_MAX_BYTES`, and when it ends before its end. */
function collect(body: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    body.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > RESULT_MAX_BYTES) body.destroy(tooLarge());
    });
    body.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    body.once('error', reject);
    body.once('close', () => reject(new Error('the answer was cut')));
  });
}

function tooLarge(): GatewayError {
  return new GatewayError('limit', CODES.internal, `The result is larger than ${RESULT_MAX_BYTES} bytes`);
}

/** Servers that compress although asked not to are read all the same. */
function decoded(answer: Answer): { headers: IncomingHttpHeaders; body: Readable } {
  const encoding = answer.headers['content-encoding'];
  const make = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress }[
    String(encoding ?? '')
  ];
  if (!make) return { headers: answer.headers, body: answer.body };
  const { 'content-encoding': _encoding, ...headers } = answer.headers;
  const inflate = make();
  answer.body.on('error', (error) => inflate.destroy(error));
  return { headers, body: answer.body.pipe(inflate) };
}

function withoutLength<H extends Record<string, unknown>>(headers: H): H {
  const { 'content-length': _length, ...rest } = headers;
  return rest as H;
}

function unreachable(message: Message, error: unknown): JsonObject {
  const reason = error instanceof GatewayError ? error.message : 'The server did not answer';
  const id = message.kind === 'request' ? message.id : undefined;
  return {
    jsonrpc: '2.0',
    ...(id === undefined ? {} : { id }),
    error: { code: CODES.internal, message: reason },
  };
}
