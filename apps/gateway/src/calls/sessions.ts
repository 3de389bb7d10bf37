/** MCP sessions as the gateway sees them: whose they are, what their server asked, which calls are in flight. */
import { createHash } from 'node:crypto';
import { AWAITED_MAX, RELEASED_MAX, SESSION_IDLE_MS, SESSIONS_MAX, WITHHELD_MAX } from '../limits.js';
import type { JsonObject, RequestId } from '../mcp/message.js';
import type { Agent, Watch } from './port.js';

export class Session {
  readonly id: string;
  readonly server: string;
  readonly agent: Agent;
  /** What goes on the log: the id itself is as good as a key to the session. */
  readonly conversation: string;
  /** Requests of the server whose answers are awaited: id (as text, as lenient readers compare) to method. */
  readonly awaited = new Map<string, string>();
  /** Calls whose response may still come, on whichever stream, by request id as text. */
  readonly calls = new Map<string, Watch>();
  /** What was withheld stays withheld when its stream is resumed: request id to the answer given instead. */
  readonly withheld = new Map<string, JsonObject>();
  /** Requests whose answer the client was given as it came: it may have it again when it resumes a stream. */
  private readonly released = new Set<string>();
  private readonly adopted: boolean;
  usedAtMs = Date.now();

  /** `adopted`: it began elsewhere, or was forgotten here, so that nobody knows what its request ids stood for. */
  constructor(id: string, server: string, agent: Agent, adopted = false) {
    this.adopted = adopted;
    this.id = id;
    this.server = server;
    this.agent = agent;
    this.conversation = conversationOf(id);
  }

  /** Remembers the answer given instead of a result, forgetting the oldest beyond the limit. */
  withhold(id: RequestId, instead: JsonObject): void {
    if (this.withheld.size >= WITHHELD_MAX) this.withheld.delete(this.withheld.keys().next().value as string);
    this.withheld.set(String(id), instead);
  }

  /** A judged call in flight. What an earlier use of its id released says nothing about this one. */
  begin(id: RequestId, call: Watch): void {
    this.released.delete(String(id));
    this.calls.set(String(id), call);
  }

  /** Whether a call may not take this id: an answer could then be taken for another call's. */
  inUse(id: RequestId): boolean {
    return this.calls.has(String(id)) || this.withheld.has(String(id));
  }

  /** Remembers that the answer was given, forgetting the oldest beyond the limit: what is forgotten is not given again. */
  release(id: RequestId): void {
    if (this.released.size >= RELEASED_MAX)
      this.released.delete(this.released.values().next().value as string);
    this.released.add(String(id));
  }

  wasReleased(id: RequestId | null): boolean {
    return !this.adopted && id !== null && this.released.has(String(id));
  }

  /** Remembers a request of the server, forgetting the oldest beyond the limit. */
  await(id: RequestId, method: string): void {
    if (this.awaited.size >= AWAITED_MAX) this.awaited.delete(this.awaited.keys().next().value as string);
    this.awaited.set(String(id), method);
  }
}

/** The same at every gateway, and no way back to the session id. */
export function conversationOf(sessionId: string): string {
  return `session/${createHash('sha256').update(sessionId).digest('hex').slice(0, 32)}`;
}

/** Bounded: the longest unused is forgotten first, which costs a later call its binding, not its service. */
export class Sessions {
  private readonly byId = new Map<string, Session>();

  get size(): number {
    return this.byId.size;
  }

  get(server: string, id: string): Session | undefined {
    const session = this.byId.get(`${server} ${id}`);
    if (!session) return undefined;
    session.usedAtMs = Date.now();
    // Moved to the end: the one unused the longest is forgotten first.
    this.byId.delete(`${server} ${id}`);
    this.byId.set(`${server} ${id}`, session);
    return session;
  }

  /** Returns what had to be forgotten to make room. */
  add(session: Session): Session | undefined {
    this.byId.set(`${session.server} ${session.id}`, session);
    if (this.byId.size <= SESSIONS_MAX) return undefined;
    const oldest = this.byId.values().next().value as Session;
    this.remove(oldest);
    return oldest;
  }

  remove(session: Session): void {
    this.byId.delete(`${session.server} ${session.id}`);
    // Their own streams may still be open, and what comes on them is looked at as before.
    for (const watch of session.calls.values()) watch.detach();
  }

  /** Forgets what nobody used for `SESSION_IDLE_MS`. */
  sweep(nowMs: number): void {
    for (const session of this.byId.values()) {
      if (nowMs - session.usedAtMs > SESSION_IDLE_MS && session.calls.size === 0) this.remove(session);
    }
  }
}
