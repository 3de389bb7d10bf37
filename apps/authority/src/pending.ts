/** Appends to an agent's pending list: read, think, compare-and-set; a loser does it all again. */
import { AccessError } from '#access';
import { encodeActivity } from '#activity';
import type { Activity } from '#activity/types';
import type { StateStore } from '#store';
import type { AgentNow, Agents } from './agents.js';
import type { AuthorityMetrics } from './metrics.js';
import { Turns } from './turns.js';

/** Lost races before giving up: each one means somebody else got through. */
const ATTEMPTS_MAX = 24;
/** Nobody waits longer for a decision; an answer after that would be for no one. */
const PATIENCE_MS = 2_000;
/** From this attempt on wait a little, so that two authorities do not keep step. */
const BACK_OFF_FROM = 3;
const BACK_OFF_MAX_MS = 8;

export interface Proposal<T> {
  /** Null = nothing to append. */
  append: Activity | null;
  /** Also writes the index from task to agent. */
  task?: { task: string; ttlMs: number };
  result: T;
}

export class PendingLists {
  private readonly turns = new Turns();

  constructor(
    private readonly store: StateStore,
    private readonly agents: Agents,
    private readonly metrics: AuthorityMetrics,
  ) {}

  /**
   * `propose` must be pure: it runs once per attempt, on what the store holds then. Throws `AccessError`
   * `contended`, `full` or `limit`.
   */
  async update<T>(key: string, propose: (now: AgentNow) => Proposal<T>): Promise<T> {
    const patienceEnds = Date.now() + PATIENCE_MS;
    return this.turns.take(key, async () => {
      for (let attempt = 1; attempt <= ATTEMPTS_MAX && Date.now() < patienceEnds; attempt += 1) {
        const now = await this.agents.read(key);
        const proposal = propose(now);
        if (proposal.append === null) return proposal.result;
        if (await this.append(now, proposal.append, proposal.task)) return proposal.result;
        this.metrics.conflicts.inc();
        if (attempt >= BACK_OFF_FROM) await pause(Math.random() * BACK_OFF_MAX_MS);
      }
      this.metrics.contended.inc();
      throw new AccessError('contended', `others kept changing the state of ${key}; ask again`);
    });
  }

  /** Appends whatever else is there, once per activity id. */
  async add(activity: Activity, key: string, task?: Proposal<void>['task']): Promise<void> {
    const partition = this.agents.partition(key);
    const entry = { id: activity.id, activity: encodeActivity(activity), atMs: Date.now() };
    const result = await this.turns.take(key, () =>
      this.store.appendPending(partition, key, null, entry, task),
    );
    // Full, perhaps of what is too old: reading drops that.
    if (result === 'full') await this.addAfterReading(activity, key, task);
  }

  private async addAfterReading(
    activity: Activity,
    key: string,
    task: Proposal<void>['task'],
  ): Promise<void> {
    await this.update(key, (now) => {
      const known = now.pending.some(({ id }) => id === activity.id);
      return { append: known ? null : activity, task, result: undefined };
    });
  }

  async remove(key: string, id: string): Promise<void> {
    await this.store.removePending(this.agents.partition(key), key, [id]);
  }

  private async append(now: AgentNow, activity: Activity, task: Proposal<unknown>['task']): Promise<boolean> {
    const entry = { id: activity.id, activity: encodeActivity(activity), atMs: now.atMs };
    const result = await this.store.appendPending(now.partition, now.key, now.version, entry, task);
    if (result === 'full') {
      this.metrics.pendingFull.inc();
      throw new AccessError('full', `${now.pending.length} calls of ${now.key} are pending already`);
    }
    return result === 'appended';
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
