import type { Agent } from '../calls/port.js';
import { AGENT_OPEN_MAX, REMOTE_OPEN_MAX } from '../limits.js';

/**
 * Open requests per client, so that one alone cannot use up what is there for all. A verified agent is counted by
 * itself, asserted ones by the address they come from: a made-up name gives no room of its own.
 */
export class Shares {
  private readonly open = new Map<string, number>();

  /** False = it has as many open as it may. Whoever got true gives it back once. */
  take(agent: Agent, remote: string): boolean {
    const key = shareOf(agent, remote);
    const open = this.open.get(key) ?? 0;
    if (open >= (agent.assurance === 'verified' ? AGENT_OPEN_MAX : REMOTE_OPEN_MAX)) return false;
    this.open.set(key, open + 1);
    return true;
  }

  give(agent: Agent, remote: string): void {
    const key = shareOf(agent, remote);
    const open = (this.open.get(key) ?? 0) - 1;
    if (open > 0) this.open.set(key, open);
    else this.open.delete(key);
  }
}

/** Whose share it is. */
export function shareOf(agent: Agent, remote: string): string {
  return agent.assurance === 'verified' ? agent.key : `remote:${remote}`;
}
