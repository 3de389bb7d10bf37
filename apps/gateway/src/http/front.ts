/** The MCP endpoints: who asks, for which server, in which revision; then judged, then forwarded. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from '#telemetry';
import type { Admission, Agent, Exchange, Judge, ServerEntry, Watch } from '../calls/port.js';
import { Session, type Sessions } from '../calls/sessions.js';
import { GATEWAY_STATUS, GatewayError } from '../errors.js';
import { INLINE_MAX_CHARS, LARGE_BYTES, OPEN_MAX } from '../limits.js';
import type { GatewayMetrics } from '../metrics.js';
import {
  ambiguous,
  CODES,
  parseMessage,
  readMessage,
  type JsonObject,
  type Message,
  type RequestId,
} from '../mcp/message.js';
import type { Observer } from '../observe/observer.js';
import { checkMirrors, eraOf, STATELESS_FROM } from '../mcp/revision.js';
import type { HttpUpstream } from '../upstream/http.js';
import type { StdioUpstream } from '../upstream/stdio.js';
import { Bodies } from './body.js';
import { refuseForeign, type GuardOptions } from './guard.js';
import type { Identifier, VerifiedToken } from './identify.js';
import { Reply } from './reply.js';
import { challengeHeader } from './resource-metadata.js';
import { shareOf, Shares } from './shares.js';

export type Upstream = { kind: 'http'; http: HttpUpstream } | { kind: 'stdio'; stdio: StdioUpstream };

export interface FrontOptions {
  servers: Map<string, { entry: ServerEntry; upstream: Upstream }>;
  sessions: Sessions;
  guard: GuardOptions;
  identifier: Identifier;
  judge: Judge;
  /** Of it, what looks at a large message before anybody reads it. */
  observer: Pick<Observer, 'members'>;
  metrics: GatewayMetrics;
  logger: Logger;
  /** Set with a configured identity: where clients find the authorization server. */
  publicUrl: () => string;
}

type Target = { entry: ServerEntry; upstream: Upstream };
interface Asked {
  target: Target;
  request: IncomingMessage;
  reply: Reply;
  /** Of the message, once it was read: errors name it. */
  id: RequestId | undefined;
  /** Whose share of what is there for all it takes. */
  share: string;
  /** Of its client's share of open requests; called when the request is over. */
  giveBack: () => void;
}

export class Front {
  private readonly options: FrontOptions;
  private readonly bodies = new Bodies();
  private readonly shares = new Shares();
  private lastLarge: Promise<void> = Promise.resolve();
  private openCount = 0;
  private closing = false;

  constructor(options: FrontOptions) {
    this.options = options;
  }

  /** Requests being answered, streams included. */
  get open(): number {
    return this.openCount;
  }

  /** From now on nothing new is taken in. */
  close(): void {
    this.closing = true;
  }

  /** Answers MCP requests; everything else is left to `next`. */
  readonly handle = (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const path = (request.url ?? '').split('?', 1)[0]!;
    if (path !== '/mcp' && !path.startsWith('/mcp/')) {
      next();
      return;
    }
    this.openCount += 1;
    const reply = new Reply(response);
    const asked: Omit<Asked, 'target'> = {
      request,
      reply,
      id: undefined,
      share: '',
      giveBack: () => undefined,
    };
    response.once('close', () => {
      this.openCount -= 1;
      asked.giveBack();
    });
    this.answer(path, asked).catch((error: unknown) => this.fail(error, asked));
  };

  private async answer(path: string, partly: Omit<Asked, 'target'>): Promise<void> {
    const { request, reply } = partly;
    const foreign = refuseForeign(request, this.options.guard);
    if (foreign) throw new GatewayError('foreign-origin', CODES.invalidRequest, foreign);
    if (this.closing || this.openCount > OPEN_MAX) {
      throw new GatewayError(
        'limit',
        CODES.internal,
        this.closing ? 'The gateway is stopping' : 'Too many open requests; try again later',
      );
    }
    const asked: Asked = Object.assign(partly, { target: this.targetOf(path) });
    if (!(await this.admit(asked))) return;
    if (request.method === 'POST') await this.post(asked);
    else if (request.method === 'GET') await this.get(asked);
    else if (request.method === 'DELETE') await this.delete(asked);
    else
      reply.finish(errorBody(CODES.invalidRequest, 'Method not allowed'), 405, {
        allow: 'GET, POST, DELETE',
      });
  }

  /** By its headers alone, before a byte of its body is read. False = it was answered, or its client has gone. */
  private async admit(asked: Asked): Promise<boolean> {
    const who = await this.identify(asked, null, null);
    if (!who || !asked.reply.open) return false;
    const remote = asked.request.socket.remoteAddress ?? '';
    if (!this.shares.take(who.agent, remote)) {
      this.options.metrics.limit('open-per-client');
      throw new GatewayError(
        'limit',
        CODES.internal,
        'Too many open requests of this client; try again later',
      );
    }
    asked.share = shareOf(who.agent, remote);
    asked.giveBack = () => this.shares.give(who.agent, remote);
    return true;
  }

  private targetOf(path: string): Target {
    const { servers } = this.options;
    const name = path.slice('/mcp/'.length);
    const target =
      name === '' ? (servers.size === 1 ? [...servers.values()][0] : undefined) : servers.get(name);
    if (target) return target;
    throw new GatewayError(
      'unknown-server',
      CODES.invalidRequest,
      `No server '${name.slice(0, 100)}' is configured at this gateway`,
    );
  }

  private async post(asked: Asked): Promise<void> {
    const { request, reply } = asked;
    if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
      reply.finish(
        errorBody(CODES.invalidRequest, 'Unsupported Media Type: Content-Type must be application/json'),
        415,
      );
      return;
    }
    const body = await this.bodies.read(request);
    if (body === 'too-large') {
      this.options.metrics.limit('request-bytes');
      reply.finish(errorBody(CODES.invalidRequest, 'Request entity too large'), 413, { connection: 'close' });
      return;
    }
    if (body === 'no-room') {
      this.options.metrics.limit('bodies-bytes');
      throw new GatewayError('limit', CODES.internal, 'Too much is being received; try again later');
    }
    try {
      if (body.length > LARGE_BYTES) await this.ownTurn();
      await this.message(asked, body);
    } finally {
      this.bodies.done(body);
    }
  }

  /** One large message per turn of the event loop. */
  private ownTurn(): Promise<void> {
    this.lastLarge = this.lastLarge.then(() => nextTurn());
    return this.lastLarge;
  }

  private async message(asked: Asked, body: Buffer): Promise<void> {
    const { request, target } = asked;
    const text = body.toString('utf8');
    const message = await this.read(text, asked);
    if (message.kind === 'request') asked.id = message.id;
    const era = eraOf(request.headers, message);
    checkMirrors(request.headers, message);
    const session = era === 'session' ? this.knownSession(asked) : null;
    const who = await this.identify(asked, session, message);
    if (!who) return;
    const exchange: Exchange = {
      server: target.entry,
      agent: who.agent,
      era,
      session: era === 'session' ? this.boundSession(asked, session, who.agent) : null,
      message,
      headers: request.headers,
      share: asked.share,
      arrivedMs: performance.now(),
    };
    const admission = await this.options.judge.admit(exchange, text);
    await this.admitted(admission, exchange, body, asked, this.tokenFor(asked, who.token));
  }

  /** Throws `GatewayError` for what no server should be given. */
  private async read(text: string, { share }: Asked): Promise<Message> {
    if (text.length <= INLINE_MAX_CHARS) return readMessage(text);
    const message = parseMessage(text);
    if (!(await this.options.observer.members(share, text))) throw ambiguous();
    return message;
  }

  private async admitted(
    admission: Admission,
    exchange: Exchange,
    body: Buffer,
    asked: Asked,
    authorization: string | null,
  ): Promise<void> {
    if (admission.kind === 'refuse') {
      if (admission.upstream) this.tellUpstream(exchange, asked.target, authorization, admission.upstream);
      asked.reply.finish(admission.answer, admission.status);
      return;
    }
    const watch = admission.kind === 'watch' ? admission.watch : null;
    try {
      await this.forward(exchange, body, asked, authorization, watch);
    } catch (error) {
      watch?.lost('unknown');
      throw error;
    }
  }

  private async forward(
    exchange: Exchange,
    body: Buffer,
    { target, reply }: Asked,
    authorization: string | null,
    watch: Watch | null,
  ): Promise<void> {
    if (target.upstream.kind === 'http')
      await target.upstream.http.post(exchange, body, authorization, reply, watch);
    else target.upstream.stdio.post(exchange, reply, watch);
  }

  /** The server waits for the client's answer, which was refused: it gets an error instead. */
  private tellUpstream(
    exchange: Exchange,
    target: Target,
    authorization: string | null,
    message: JsonObject,
  ): void {
    if (target.upstream.kind === 'stdio') {
      if (exchange.session) target.upstream.stdio.tell(exchange.session, message);
      return;
    }
    target.upstream.http.tell(exchange.headers, authorization, message).catch((error: unknown) => {
      this.options.logger.warn(
        { server: target.entry.name, error: String(error) },
        'the server could not be told of a refused answer',
      );
    });
  }

  private async get(asked: Asked): Promise<void> {
    const session = this.knownSession(asked);
    const who = await this.identify(asked, session, null);
    if (!who) return;
    const { target, reply, request } = asked;
    if (target.upstream.kind === 'http') {
      const bound = this.boundSession(asked, session, who.agent);
      await target.upstream.http.get(
        request.headers,
        this.tokenFor(asked, who.token),
        reply,
        bound,
        asked.share,
      );
      return;
    }
    if (!session) reply.finish(errorBody(CODES.invalidRequest, 'Method not allowed'), 405, { allow: 'POST' });
    else target.upstream.stdio.get(this.boundSession(asked, session, who.agent)!, reply);
  }

  private async delete(asked: Asked): Promise<void> {
    const session = this.knownSession(asked);
    const who = await this.identify(asked, session, null);
    if (!who) return;
    const { target, reply, request } = asked;
    if (target.upstream.kind === 'http') {
      this.boundSession(asked, session, who.agent);
      const status = await target.upstream.http.delete(
        request.headers,
        this.tokenFor(asked, who.token),
        reply,
      );
      if (status < 300 && session) this.options.sessions.remove(session);
      return;
    }
    if (!session) reply.finish(errorBody(CODES.invalidRequest, 'Method not allowed'), 405, { allow: 'POST' });
    else target.upstream.stdio.delete(this.boundSession(asked, session, who.agent)!, reply);
  }

  private knownSession({ request, target }: Asked): Session | null {
    const id = request.headers['mcp-session-id'];
    if (typeof id !== 'string') return null;
    const session = this.options.sessions.get(target.entry.name, id);
    if (session) return session;
    const version = request.headers['mcp-protocol-version'];
    const stateless = typeof version === 'string' && version >= STATELESS_FROM;
    if (target.upstream.kind === 'http' || stateless) return null;
    throw new GatewayError('unknown-session', CODES.invalidRequest, 'Session not found: initialize again');
  }

  /** A session belongs to the agent that opened it; one from before this gateway started, to its first user. */
  private boundSession({ request, target }: Asked, known: Session | null, agent: Agent): Session | null {
    if (known && known.agent.key !== agent.key) {
      throw new GatewayError(
        'unknown-session',
        CODES.invalidRequest,
        'Session not found: it is not a session of this agent',
      );
    }
    const id = request.headers['mcp-session-id'];
    if (known || typeof id !== 'string' || target.upstream.kind === 'stdio') return known;
    return this.openSession(new Session(id, target.entry.name, agent, true));
  }

  private openSession(session: Session): Session {
    if (this.options.sessions.add(session)) this.options.metrics.limit('sessions');
    return session;
  }

  private async identify(
    asked: Asked,
    session: Session | null,
    message: Message | null,
  ): Promise<{ agent: Agent; token: VerifiedToken | null } | null> {
    const { request, reply, target } = asked;
    const who = await this.options.identifier.identify(request.headers, session?.agent ?? null, message);
    if (who.kind === 'agent') return who;
    const header = challengeHeader(this.options.publicUrl(), target.entry.name, who.error);
    reply.finish(errorBody(CODES.invalidRequest, 'Unauthorized: a valid bearer token is required'), 401, {
      'www-authenticate': header,
    });
    return null;
  }

  /** The agent's token goes on only where configured, and only to the audience it was made for. */
  private tokenFor({ request, target }: Asked, token: VerifiedToken | null): string | null {
    const { passToken, audience } = target.entry.config;
    if (!passToken || !token || audience === undefined || !token.audiences.includes(audience)) return null;
    return request.headers.authorization ?? null;
  }

  private fail(error: unknown, { request, reply, id }: Omit<Asked, 'target'>): void {
    if (!(error instanceof GatewayError)) {
      if (request.destroyed && !request.complete) return;
      this.options.logger.error(
        { error: String(error), stack: (error as Error).stack },
        'a request could not be answered',
      );
      reply.finish(errorBody(CODES.internal, 'Internal error', id), 500);
      return;
    }
    this.options.metrics.limit(error.code);
    // What was not read to its end cannot be followed by another request.
    const headers = request.complete ? {} : { connection: 'close' };
    reply.finish(errorBody(error.rpcCode, error.message, id), GATEWAY_STATUS[error.code], headers);
  }
}

function errorBody(code: number, message: string, id?: RequestId): JsonObject {
  return { jsonrpc: '2.0', ...(id === undefined ? {} : { id }), error: { code, message } };
}
