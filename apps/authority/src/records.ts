/** What the authority itself puts on the activity log, and into pending lists before that. */
import { AccessError, type ActivityReporter } from '#access';
import { agentKey, type Activity } from '#activity/types';
import type { PendingLists, Proposal } from './pending.js';

export class ActivityRecords {
  constructor(
    readonly reporter: ActivityReporter,
    private readonly pending: PendingLists,
  ) {}

  /**
   * Pending first, so that a decision made from now on knows of it; then the log. When the log does not take it,
   * pending is as before and `unreachable` is thrown: the caller asks again.
   */
  async put(activity: Activity, task?: Proposal<void>['task']): Promise<void> {
    const key = agentKey(activity);
    await this.pending.add({ ...activity, pending: true }, key, task);
    await this.log(activity, key);
  }

  /**
   * For what takes access away or ends a revocation: it must not depend on room in the pending list, as whatever
   * a decision needs of it is also told by the revocations topic.
   */
  async putAnyway(activity: Activity): Promise<void> {
    const key = agentKey(activity);
    try {
      await this.pending.add({ ...activity, pending: true }, key);
    } catch (error) {
      const crowded = error instanceof AccessError && ['full', 'contended', 'limit'].includes(error.code);
      if (!crowded) throw error;
      await this.report({ ...activity, pending: false });
      return;
    }
    await this.log(activity, key);
  }

  private async log(activity: Activity, key: string): Promise<void> {
    try {
      await this.report({ ...activity, pending: true });
    } catch (error) {
      await this.pending.remove(key, activity.id);
      throw error;
    }
  }

  private async report(activity: Activity): Promise<void> {
    try {
      await this.reporter.report(activity);
    } catch (error) {
      if (error instanceof AccessError) throw error;
      const message = `the log did not take ${activity.type}: ${(error as Error).message}`;
      throw new AccessError('unreachable', message, { cause: error });
    }
  }
}
