import { raise } from './alarms.js';
import { BLIND_AFTER_MS, BLIND_PERIOD_MS } from './limits.js';
import type { Parts } from './parts.js';

/** Tells what the engine cannot see, once per partition and period: it lasts, and each batch would say it again. */
export class Blindness {
  /** What it is and where → period it was last told in. */
  private readonly told = new Map<string, number>();

  constructor(private readonly parts: Parts) {}

  /** `count` activities are missing by their number, as of the log's time `atMs`. */
  gaps(partition: number, count: number, atMs: number): Promise<void> {
    return this.tell('sequence-gaps', partition, atMs, {
      title: `Activities of partition ${partition} are missing`,
      explanation:
        `${count} activities did not arrive where their sequence numbers say that they were reported: ` +
        'agents may have done what was not judged. Look for a gateway that lost its spool, or a log that lost records.',
    });
  }

  /** The state of a partition was last current `ageMs` before `nowMs`. */
  age(partition: number, ageMs: number, nowMs: number): Promise<void> {
    if (ageMs <= BLIND_AFTER_MS) return Promise.resolve();
    return this.tell('not-current', partition, nowMs, {
      title: `Partition ${partition} of the activity log is not folded to its end`,
      explanation:
        `Its state was last current ${Math.round(ageMs / 1_000)} s ago: what its agents do is not judged, and decisions ` +
        "about them follow the gateways' fail mode. Look at the engine's lag, the store and the log.",
    });
  }

  private async tell(
    what: string,
    partition: number,
    at: number,
    words: { title: string; explanation: string },
  ): Promise<void> {
    const period = Math.floor(at / BLIND_PERIOD_MS);
    const key = `${what}/${partition}`;
    if (this.told.get(key) === period) return;
    this.told.set(key, period);
    await raise(this.parts, {
      cause: [what, String(partition), String(period)],
      level: 'high',
      at,
      ...words,
    });
  }
}
