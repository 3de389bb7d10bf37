/** Upstream servers over stdio: one process per session (2025-11-25) or per agent (2026-07-28), bounded and reaped. */
import { randomUUID } from 'node:crypto';
import type { Logger } from '#telemetry';
import type { Exchange, ServerEntry, Watch } from '../calls/port.js';
import { Session, type Sessions } from '../calls/sessions.js';
import { GatewayError } from '../errors.js';
import type { Reply } from '../http/reply.js';
import { CHILD_IDLE_MS } from '../limits.js';
import { CODES, metaOf, type Message } from '../mcp/message.js';
import { VERSION_KEY } from '../mcp/revision.js';
import { Link } from './link.js';

/** Processes of all stdio servers of this gateway together. */
export class ChildBudget {
  readonly links = new Set<Link>();
  private readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  /** Makes room by stopping the idle process that was unused the longest. Throws when all are at work. */
  claim(): void {
    if (this.links.size < this.max) return;
    const idle = [...this.links].filter((link) => link.idle).sort((a, b) => a.usedAtMs - b.usedAtMs)[0];
    if (!idle)
      throw new GatewayError(
        'limit',
        CODES.internal,
        `All ${this.max} server processes are at work; try again later`,
      );
    this.links.delete(idle);
    void idle.stop();
  }
}

export class StdioUpstream {
  private readonly entry: ServerEntry;
  private readonly logger: Logger;
  private readonly sessions: Sessions;
  private readonly budget: ChildBudget;
  private readonly bySession = new Map<string, Link>();
  private readonly byAgent = new Map<string, Link>();

  constructor(entry: ServerEntry, sessions: Sessions, budget: ChildBudget, logger: Logger) {
    this.entry = entry;
    this.sessions = sessions;
    this.budget = budget;
    this.logger = logger;
  }

  /** Throws `GatewayError` when there is no process to send to. */
  post(exchange: Exchange, reply: Reply, watch: Watch | null): void {
    this.linkOf(exchange, reply).post(exchange, reply, watch);
  }

  /** The session's own stream. */
  get(session: Session, reply: Reply): void {
    const link = this.bySession.get(session.id);
    if (!link) throw unknownSession();
    if (!link.listen(reply)) reply.send(409, {}, null);
  }

  /** Ends a session and its process. */
  delete(session: Session, reply: Reply): void {
    const link = this.bySession.get(session.id);
    this.bySession.delete(session.id);
    this.sessions.remove(session);
    reply.send(200, {}, null);
    void link?.stop();
  }

  /** A message of the gateway's own into a session. */
  tell(session: Session, message: { [member: string]: unknown }): void {
    this.bySession.get(session.id)?.tell(message);
  }

  /** Stops processes that nobody has used for a while. */
  reap(nowMs: number): void {
    for (const link of [...this.bySession.values(), ...this.byAgent.values()]) {
      if (link.idle && nowMs - link.usedAtMs > CHILD_IDLE_MS) void link.stop();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.bySession.values(), ...this.byAgent.values()].map((link) => link.stop()));
  }

  private linkOf(exchange: Exchange, reply: Reply): Link {
    const { message, era, agent, session } = exchange;
    if (era === 'stateless') {
      requireEnvelope(message);
      return this.sharedLink(agent.key);
    }
    if (message.kind === 'request' && message.method === 'initialize')
      return this.openSession(exchange, reply);
    const link = session && this.bySession.get(session.id);
    if (link) return link;
    if (session) throw unknownSession();
    throw new GatewayError(
      'unreadable',
      CODES.invalidRequest,
      'Bad request: Mcp-Session-Id header is required',
    );
  }

  private sharedLink(agentKey: string): Link {
    const known = this.byAgent.get(agentKey);
    if (known && !known.gone) return known;
    const link = this.start(true, () => {
      if (this.byAgent.get(agentKey) === link) this.byAgent.delete(agentKey);
    });
    this.byAgent.set(agentKey, link);
    return link;
  }

  private openSession(exchange: Exchange, reply: Reply): Link {
    const session = new Session(randomUUID(), this.entry.name, exchange.agent);
    const link = this.start(false, () => {
      this.bySession.delete(session.id);
      this.sessions.remove(session);
    });
    link.session = session;
    this.bySession.set(session.id, link);
    this.sessions.add(session);
    reply.header('mcp-session-id', session.id);
    return link;
  }

  private start(shared: boolean, gone: () => void): Link {
    this.budget.claim();
    const link = new Link(this.entry, shared, this.logger, (ended) => {
      this.budget.links.delete(ended);
      gone();
    });
    this.budget.links.add(link);
    return link;
  }
}

/** Behind stdio the gateway is the server's HTTP end: a stateless request says in its body which revision it speaks. */
function requireEnvelope(message: Message): void {
  if (message.kind !== 'request' || typeof metaOf(message)[VERSION_KEY] === 'string') return;
  throw new GatewayError(
    'unreadable',
    CODES.invalidParams,
    `Invalid params: _meta["${VERSION_KEY}"] is missing`,
  );
}

function unknownSession(): GatewayError {
  return new GatewayError('unknown-session', CODES.invalidRequest, 'Session not found: initialize again');
}
