/** Is this task open and this agent's? Asked of the authority once, then remembered for a bounded time. */
import { AccessError, type Authority, type TaskView } from '#access';
import { TASK_FRESH_MS, TASK_UNKNOWN_MS, TASKS_MAX } from '../limits.js';
import type { Agent } from './port.js';

export type TaskStanding =
  | 'open'
  | 'task-unknown'
  | 'task-foreign'
  | 'task-ended'
  | 'task-expired'
  /** The authority did not say. */
  | 'undecided';

interface Remembered {
  view: TaskView | null;
  untilMs: number;
}

export class Tasks {
  private readonly authority: Authority;
  private readonly remembered = new Map<string, Remembered>();
  /** Questions under way: many calls of one new task ask once. */
  private readonly asking = new Map<string, Promise<TaskView | null>>();

  constructor(authority: Authority) {
    this.authority = authority;
  }

  /** An open task that ends early is covered by the revocation that ends it, however fresh what is remembered here. */
  async standing(task: string, agent: Agent, nowMs: number): Promise<TaskStanding> {
    const known = this.remembered.get(task);
    let view: TaskView | null;
    try {
      view = known && nowMs < known.untilMs ? known.view : await this.ask(task);
    } catch (error) {
      if (error instanceof AccessError && error.code === 'not-found') return 'task-unknown';
      return 'undecided';
    }
    if (!view) return 'task-unknown';
    const own =
      view.tenant === agent.tenant && view.agent === agent.agent && view.assurance === agent.assurance;
    if (!own) return 'task-foreign';
    if (!view.open) return 'task-ended';
    return nowMs >= view.expiresAt ? 'task-expired' : 'open';
  }

  /** What is remembered of it may be wrong by now. */
  forget(task: string): void {
    this.remembered.delete(task);
  }

  private ask(task: string): Promise<TaskView | null> {
    const under = this.asking.get(task);
    if (under) return under;
    const asked = this.answer(task);
    this.asking.set(task, asked);
    return asked;
  }

  private async answer(task: string): Promise<TaskView | null> {
    try {
      const view = await this.authority.task(task);
      this.remember(task, view);
      return view;
    } finally {
      this.asking.delete(task);
    }
  }

  private remember(task: string, view: TaskView | null): void {
    const freshMs = view?.open ? TASK_FRESH_MS : TASK_UNKNOWN_MS;
    this.remembered.delete(task);
    this.remembered.set(task, { view, untilMs: Date.now() + freshMs });
    if (this.remembered.size > TASKS_MAX)
      this.remembered.delete(this.remembered.keys().next().value as string);
  }
}
