import { AccessError } from '#access';

/** Requests for one agent that may wait their turn: more than an agent has calls in flight. */
const WAITING_MAX = 256;

/**
 * One at a time per agent within this process, so that parallel calls of an agent contend with other authorities only.
 * Fairness, not truth: the compare-and-set in the store is what holds.
 */
export class Turns {
  private readonly queues = new Map<string, { last: Promise<unknown>; waiting: number }>();

  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const queue = this.queues.get(key) ?? { last: Promise.resolve(), waiting: 0 };
    if (queue.waiting >= WAITING_MAX) {
      throw new AccessError('limit', `${queue.waiting} requests for this agent already wait for their turn`);
    }
    this.queues.set(key, queue);
    queue.waiting += 1;
    const mine = queue.last.then(work, work);
    queue.last = mine;
    try {
      return await mine;
    } finally {
      queue.waiting -= 1;
      if (queue.waiting === 0) this.queues.delete(key);
    }
  }
}
