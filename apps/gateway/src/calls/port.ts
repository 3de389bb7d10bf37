/** What the transport half (http, upstream) and the judging half (calls) know of each other. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Assurance } from '#activity/types';
import type { ServerConfig } from '#config';
import type { JsonObject, Message, ResponseMessage } from '../mcp/message.js';
import type { Era } from '../mcp/revision.js';
import type { Session } from './sessions.js';

/** Who is calling, as far as it could be established. */
export interface Agent {
  /** `agentKey(...)`: the key of state, log and revocations. */
  key: string;
  tenant: string;
  agent: string;
  assurance: Assurance;
  principal: string | null;
  actors: string[];
}

/** One configured upstream. */
export interface ServerEntry {
  name: string;
  config: ServerConfig;
}

/** One client message on its way. */
export interface Exchange {
  server: ServerEntry;
  agent: Agent;
  era: Era;
  /** The MCP session it belongs to; null where there is none. */
  session: Session | null;
  message: Message;
  headers: IncomingHttpHeaders;
  /** Whose share of what is there for all it takes. */
  share: string;
  /** When the whole message was here, `performance.now()`. */
  arrivedMs: number;
}

/** One client request in flight whose response is looked at before the client gets it. */
export interface Watch {
  /** It reads responses itself: a large one has to be parsed for it. */
  readonly whole: boolean;
  /** The response is here, `text` as it was written: what to send instead, or null for "as it came". Never throws. */
  settle(response: ResponseMessage, text: string, bytes: number): Promise<JsonObject | null>;
  /** No response will come. */
  lost(outcome: 'unknown' | 'cancelled'): void;
  /** The stream is over, the response may still come on another one: waits a bounded time. */
  detach(): void;
  /** Calls back once when a revocation stops the call, with the answer the client gets instead of its result. */
  onStop(listener: (answer: JsonObject) => void): void;
}

export type Admission =
  /** Nothing to look at. */
  | { kind: 'pass' }
  | { kind: 'watch'; watch: Watch }
  /** Answered here: `answer` for the client (null = status alone), `upstream` for a server that waits for the client's answer. */
  | { kind: 'refuse'; status: number; answer: JsonObject; upstream: JsonObject | null };

/** The judging half. */
export interface Judge {
  /**
   * Decides about one client message before it is forwarded; `text` as it was written. What cannot be decided follows
   * the fail mode. Throws `GatewayError` `limit` when too many large ones are being looked at.
   */
  admit(exchange: Exchange, text: string): Promise<Admission>;
}
