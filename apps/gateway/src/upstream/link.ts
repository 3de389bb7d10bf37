/**
 * The Streamable HTTP end of one stdio server process: which line belongs to whose request.
 * A link is private (one 2025-11-25 session) or shared (all 2026-07-28 requests of one agent). Request ids and
 * progress tokens are numbered anew on a shared link, because two clients may use the same ones.
 */
import type { Logger } from '#telemetry';
import type { Exchange, ServerEntry, Watch } from '../calls/port.js';
import type { Session } from '../calls/sessions.js';
import type { Reply } from '../http/reply.js';
import { BACKLOG_MAX, STOP_WAIT_MS } from '../limits.js';
import {
  CODES,
  ERROR_STATUS,
  isObject,
  metaOf,
  type JsonObject,
  type Message,
  type NotificationMessage,
  type RequestId,
  type RequestMessage,
  type ResponseMessage,
} from '../mcp/message.js';
import { eventBytes } from '../mcp/sse.js';
import { Child } from './child.js';

const SUBSCRIPTION_KEY = 'io.modelcontextprotocol/subscriptionId';
const KEEP_ALIVE = Buffer.from(': keep-alive\n\n');
const KEEP_ALIVE_MS = 15_000;

interface Waiting {
  /** As the client numbered it. */
  id: RequestId;
  progressToken: unknown;
  method: string;
  reply: Reply;
  watch: Watch | null;
  exchange: Exchange;
  /** The answer was given by a revocation; what still comes only tells how the call ended. */
  stopped: boolean;
}

export class Link {
  readonly child: Child;
  /** The session of a private link, once it has one. */
  session: Session | null = null;
  usedAtMs = Date.now();
  private readonly shared: boolean;
  private readonly logger: Logger;
  private readonly entry: ServerEntry;
  private readonly onGone: (link: Link) => void;
  /** By the id the server sees, as text. */
  private readonly waiting = new Map<string, Waiting>();
  /** The client's own stream of a private link. */
  private listening: Reply | null = null;
  private backlog: Message[] = [];
  private counter = 0;
  private over = false;

  constructor(entry: ServerEntry, shared: boolean, logger: Logger, onGone: (link: Link) => void) {
    this.shared = shared;
    this.logger = logger;
    this.entry = entry;
    this.onGone = onGone;
    this.child = new Child(entry, logger, {
      message: (message, text, bytes) => void this.receive(message, text, bytes),
      exited: (reason) => this.exited(reason),
    });
  }

  /** Nothing waits for it and nobody listens. */
  get idle(): boolean {
    return this.waiting.size === 0 && !this.listening?.open;
  }

  get gone(): boolean {
    return this.over;
  }

  /** Sends one client message; requests are answered through `reply` when the server has answered. */
  post(exchange: Exchange, reply: Reply, watch: Watch | null): void {
    this.usedAtMs = Date.now();
    const { message } = exchange;
    if (message.kind !== 'request') {
      this.child.send(message.kind === 'notification' ? this.renumberCancel(message) : message.body);
      if (message.kind === 'notification' && message.method === 'notifications/cancelled')
        this.cancelled(message.params.requestId);
      reply.send(202, {}, null);
      return;
    }
    this.request(exchange, message, reply, watch);
  }

  /** A message of the gateway's own. */
  tell(message: JsonObject): void {
    this.child.send(message);
  }

  /** Opens the client's own stream; what waited for it is sent first. */
  listen(reply: Reply): boolean {
    if (this.listening?.open) return false;
    this.usedAtMs = Date.now();
    this.listening = reply;
    reply.eventStream(this.session ? { 'mcp-session-id': this.session.id } : {});
    const beat = setInterval(() => {
      if (reply.open) void reply.write(KEEP_ALIVE);
      else clearInterval(beat);
    }, KEEP_ALIVE_MS).unref();
    for (const message of this.backlog.splice(0)) void reply.write(eventBytes(message.body));
    return true;
  }

  /** Ends the process and everything that waits for it. */
  async stop(): Promise<void> {
    await this.child.stop();
  }

  private request(exchange: Exchange, message: RequestMessage, reply: Reply, watch: Watch | null): void {
    const key = this.shared ? this.number() : message.id;
    const entry: Waiting = {
      id: message.id,
      progressToken: metaOf(message).progressToken,
      method: message.method,
      reply,
      watch,
      exchange,
      stopped: false,
    };
    if (this.waiting.has(String(key))) {
      watch?.lost('unknown');
      const error = {
        code: CODES.invalidRequest,
        message: 'Invalid request: this id is in use by a request in flight',
      };
      reply.finish({ jsonrpc: '2.0', id: message.id, error }, 400);
      return;
    }
    this.waiting.set(String(key), entry);
    reply.onLeave(() => this.left(key, entry));
    watch?.onStop((answer) => this.stopCall(key, entry, answer));
    this.child.send(this.shared ? renumbered(message, key) : message.body);
  }

  private number(): number {
    this.counter += 1;
    return this.counter;
  }

  /** Without sessions a client that leaves has cancelled; within one it may only have lost the connection. */
  private left(key: RequestId, entry: Waiting): void {
    if (!this.shared) return;
    this.waiting.delete(String(key));
    this.cancel(key, 'the client closed the stream');
    entry.watch?.lost('cancelled');
  }

  private stopCall(key: RequestId, entry: Waiting, answer: JsonObject): void {
    entry.stopped = true;
    entry.reply.finish(answer);
    this.cancel(key, 'revoked');
    setTimeout(() => this.waiting.delete(String(key)), STOP_WAIT_MS).unref();
  }

  /** A cancelled request is not answered any more; its stream ends when the server had time to differ. */
  private cancelled(requestId: unknown): void {
    const key = [...this.waiting].find(([, entry]) => entry.id === requestId)?.[0];
    if (key === undefined) return;
    setTimeout(() => {
      const entry = this.waiting.get(key);
      this.waiting.delete(key);
      entry?.watch?.lost('cancelled');
      entry?.reply.eventStream();
      entry?.reply.end();
    }, STOP_WAIT_MS).unref();
  }

  private cancel(requestId: RequestId, reason: string): void {
    this.child.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId, reason } });
  }

  private renumberCancel(message: NotificationMessage): JsonObject {
    if (!this.shared || message.method !== 'notifications/cancelled') return message.body;
    for (const [key, entry] of this.waiting) {
      if (entry.id === message.params.requestId) {
        return { ...message.body, params: { ...message.params, requestId: Number(key) } };
      }
    }
    return message.body;
  }

  private async receive(message: Message, text: string, bytes: number): Promise<void> {
    this.usedAtMs = Date.now();
    if (message.kind === 'response') {
      await this.respond(message, text, bytes);
      return;
    }
    if (message.kind === 'request') this.session?.await(message.id, message.method);
    const target = this.targetOf(message);
    if (target) {
      if (!target.reply.started) target.reply.eventStream();
      await target.reply.write(eventBytes(this.shared ? restored(message.body, target) : message.body));
    } else if (this.listening?.open) {
      await this.listening.write(eventBytes(message.body));
    } else {
      this.keep(message);
    }
  }

  private async respond(message: ResponseMessage, text: string, bytes: number): Promise<void> {
    const entry = message.id === null ? undefined : this.waiting.get(String(message.id));
    if (!entry) {
      this.logger.debug({ server: this.entry.name }, 'a response nobody waits for was dropped');
      return;
    }
    this.waiting.delete(String(message.id));
    const body = this.shared ? restored({ ...message.body, id: entry.id }, entry) : message.body;
    if (!entry.reply.open && !entry.stopped) {
      entry.watch?.lost('cancelled');
      return;
    }
    const instead = await entry.watch?.settle(message, text, bytes);
    if (entry.stopped) return;
    const code = isObject(body.error) && entry.exchange.era === 'stateless' ? Number(body.error.code) : 0;
    entry.reply.finish(instead ?? body, instead ? 200 : (ERROR_STATUS[code] ?? 200));
  }

  /** The request in flight that a server's message belongs to, null when it belongs on the client's own stream. */
  private targetOf(message: RequestMessage | NotificationMessage): Waiting | null {
    const subscription = metaOf(message)[SUBSCRIPTION_KEY];
    if (this.shared && subscription !== undefined) return this.waiting.get(String(subscription)) ?? null;
    const token = message.params.progressToken;
    if (message.method === 'notifications/progress' && token !== undefined) return this.byToken(token);
    if (!this.shared && this.listening?.open) return null;
    // Stdio does not say which request it belongs to: the latest that is still open.
    const open = [...this.waiting.values()].filter(
      (entry) => entry.reply.open && entry.method !== 'subscriptions/listen',
    );
    return open.at(-1) ?? null;
  }

  private byToken(token: unknown): Waiting | null {
    if (this.shared) return this.waiting.get(String(token)) ?? null;
    for (const entry of this.waiting.values())
      if (entry.progressToken === token && entry.reply.open) return entry;
    return null;
  }

  private keep(message: Message): void {
    if (this.shared) return;
    if (this.backlog.length >= BACKLOG_MAX) {
      this.backlog.shift();
      this.logger.warn(
        { server: this.entry.name },
        'messages of the server wait for a stream nobody opens; the oldest was dropped',
      );
    }
    this.backlog.push(message);
  }

  private exited(reason: string): void {
    this.over = true;
    const error = { code: CODES.internal, message: `The server process ${reason}` };
    for (const entry of this.waiting.values()) {
      entry.watch?.lost('unknown');
      entry.reply.finish(
        { jsonrpc: '2.0', id: entry.id, error },
        entry.exchange.era === 'stateless' ? 502 : 200,
      );
    }
    this.waiting.clear();
    this.listening?.end();
    this.logger.info({ server: this.entry.name, pid: this.child.pid }, `server process ${reason}`);
    this.onGone(this);
  }
}

/** The request with the link's own number, also as progress token. */
function renumbered(message: RequestMessage, key: RequestId): JsonObject {
  const meta = metaOf(message);
  if (meta.progressToken === undefined) return { ...message.body, id: key };
  return { ...message.body, id: key, params: { ...message.params, _meta: { ...meta, progressToken: key } } };
}

/** The server's message with the client's own id, progress token and subscription id put back. */
function restored(body: JsonObject, entry: Waiting): JsonObject {
  const part = isObject(body.params) ? 'params' : isObject(body.result) ? 'result' : null;
  if (!part) return body;
  const inner = { ...(body[part] as JsonObject) };
  if (body.method === 'notifications/progress') inner.progressToken = entry.progressToken;
  if (body.method === 'notifications/cancelled') inner.requestId = entry.id;
  if (isObject(inner._meta) && inner._meta[SUBSCRIPTION_KEY] !== undefined) {
    inner._meta = { ...inner._meta, [SUBSCRIPTION_KEY]: entry.id };
  }
  return { ...body, [part]: inner };
}
