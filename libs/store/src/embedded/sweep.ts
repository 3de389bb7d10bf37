import type { Database } from 'lmdb';

/** Records looked at per run: bounds how long a sweep holds the write transaction (about a millisecond). */
const SWEEP_RECORDS = 500;

/** Frees the space of expired records, a few per run, going round one database. */
export class Sweeper<V> {
  #from: Buffer | null = null;

  constructor(
    private readonly database: Database<V, Buffer>,
    private readonly expiresAtMs: (value: V) => number,
  ) {}

  /** Removes the expired ones among the next records. Call within a write transaction. */
  run(nowMs: number): void {
    const expired: Buffer[] = [];
    let last: Buffer | null = null;
    let seen = 0;
    const range = { ...(this.#from && { start: this.#from }), limit: SWEEP_RECORDS };
    for (const { key, value } of this.database.getRange(range)) {
      last = Buffer.from(key);
      seen += 1;
      if (this.expiresAtMs(value) <= nowMs) expired.push(last);
    }
    for (const key of expired) void this.database.remove(key);
    this.#from = seen < SWEEP_RECORDS ? null : last;
  }
}
