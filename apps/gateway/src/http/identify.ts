/** Who is calling: a verified token where configured, otherwise what the client says of itself, in its own key space. */
import type { IncomingHttpHeaders } from 'node:http';
import { agentKey } from '#activity/types';
import type { Agent } from '../calls/port.js';
import { ID_MAX_BYTES } from '../limits.js';
import { isObject, metaOf, type Message } from '../mcp/message.js';
import { AssertedNames } from './asserted-names.js';

/** Verifies bearer tokens; built from `#identity` when the gateway has a configured issuer or trust bundle. */
export interface TokenVerifier {
  /** Throws when the token is not to be believed; the message of the error is told to the client. */
  verify(token: string): Promise<VerifiedToken>;
}
export interface VerifiedToken {
  agent: string;
  principal: string | null;
  actors: string[];
  audiences: string[];
}

export type Identified =
  | { kind: 'agent'; agent: Agent; token: VerifiedToken | null }
  /** Answered with 401. */
  | { kind: 'challenge'; error: string | null };

const ANONYMOUS = 'anonymous';
const CLIENT_KEY = 'io.modelcontextprotocol/clientInfo';

export class Identifier {
  private readonly tenant: string;
  private readonly verifier: TokenVerifier | null;
  private readonly required: boolean;
  private readonly names = new AssertedNames();
  private readonly crowded: () => void;

  /** `crowded` is called whenever a name was not taken. */
  constructor(options: {
    tenant: string;
    verifier: TokenVerifier | null;
    required: boolean;
    crowded: () => void;
  }) {
    this.tenant = options.tenant;
    this.verifier = options.verifier;
    this.required = options.required;
    this.crowded = options.crowded;
  }

  /** `known` is the agent its session belongs to; `message` may name the client. */
  async identify(
    headers: IncomingHttpHeaders,
    known: Agent | null,
    message: Message | null,
  ): Promise<Identified> {
    const token = bearerOf(headers.authorization);
    if (!this.verifier) return { kind: 'agent', agent: this.asserted(headers, known, message), token: null };
    if (token === null) {
      if (this.required) return { kind: 'challenge', error: null };
      return { kind: 'agent', agent: this.asserted(headers, known, message), token: null };
    }
    try {
      const verified = await this.verifier.verify(token);
      return { kind: 'agent', agent: this.verified(verified), token: verified };
    } catch (error) {
      return { kind: 'challenge', error: (error as Error).message };
    }
  }

  private verified(token: VerifiedToken): Agent {
    const who = { tenant: this.tenant, agent: token.agent, assurance: 'verified' as const };
    return { ...who, key: agentKey(who), principal: token.principal, actors: token.actors };
  }

  private asserted(headers: IncomingHttpHeaders, known: Agent | null, message: Message | null): Agent {
    const header = headers['x-driftline-agent'];
    if (typeof header !== 'string' && known?.assurance === 'asserted') return known;
    const name = clean(typeof header === 'string' ? header : message ? clientName(message) : null);
    if (known?.assurance === 'asserted' && known.agent === name) return known;
    const agent = this.taken(name) ? name : ANONYMOUS;
    const who = { tenant: this.tenant, agent, assurance: 'asserted' as const };
    return { ...who, key: agentKey(who), principal: null, actors: [] };
  }

  private taken(name: string): boolean {
    const taken = name === ANONYMOUS || this.names.admit(name, Date.now());
    if (!taken) this.crowded();
    return taken;
  }
}

function bearerOf(authorization: string | undefined): string | null {
  const match = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization ?? '');
  return match ? match[1]! : null;
}

/** The client's own name for itself, in `initialize` or in the envelope of a stateless request. */
function clientName(message: Message): string | null {
  if (message.kind === 'response') return null;
  const info = message.method === 'initialize' ? message.params.clientInfo : metaOf(message)[CLIENT_KEY];
  return isObject(info) && typeof info.name === 'string' ? info.name : null;
}

/** Printable and bounded: it becomes a key and is shown to people. */
function clean(name: string | null): string {
  const text = (name ?? '')
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .trim()
    .slice(0, ID_MAX_BYTES);
  return text === '' ? ANONYMOUS : text;
}
