import { AccessError } from '#access';
import type { Assurance } from '#activity/types';
import { isSpiffeId } from '#identity';

export interface AgentName {
  tenant: string;
  agent: string;
  assurance: Assurance;
}

/** Throws `invalid` when an agent is called verified and is no SPIFFE ID: nothing else can be verified. */
export function requireName(name: AgentName): AgentName {
  if (name.assurance === 'asserted' || isSpiffeId(name.agent)) return name;
  throw new AccessError(
    'invalid',
    `agent: expected a SPIFFE ID for a verified agent, got "${name.agent.slice(0, 200)}"`,
  );
}

const ASSERTED = 'asserted/';

/** The reverse of `agentKey`; null for text that is none. A SPIFFE ID never begins with `asserted/`. */
export function parseAgentKey(key: string): AgentName | null {
  const bar = key.indexOf('|');
  if (bar < 1 || bar === key.length - 1) return null;
  const tenant = key.slice(0, bar);
  const name = key.slice(bar + 1);
  if (!name.startsWith(ASSERTED)) return { tenant, agent: name, assurance: 'verified' };
  return { tenant, agent: name.slice(ASSERTED.length), assurance: 'asserted' };
}
