import type { Assurance } from '#activity/types';

export interface AgentName {
  tenant: string;
  agent: string;
  assurance: Assurance;
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
