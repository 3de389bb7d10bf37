import { TOPICS } from '#activity/types';
import type { BatchContext } from '#stream';
import { CURRENCY_MS } from './limits.js';
import type { Partition } from './partition.js';
import type { Parts } from './parts.js';
import { countFailure } from './patience.js';

interface Told {
  /** Everything that was on the log at this time is folded. */
  caughtUpAtMs: number;
  /** Since when it is ours, or has been folded again. */
  sinceMs: number;
  /** Policy that the store was last told of. */
  policy: string;
  /** When the store was last told, by `performance.now()`. */
  toldAtMs: number;
}

/**
 * Says, per partition, up to when its state is current, so that a decision knows what it stands on. What is not said in
 * time is not current: silence here closes, it never opens.
 */
export class Currencies {
  private readonly told = new Map<number, Told>();

  constructor(
    private readonly parts: Parts,
    private readonly partitions: ReadonlyMap<number, Partition>,
  ) {}

  /** After a batch of a fetch that saw the log end at `end`: it is current as of the fetch, however long it waited. */
  folded(partition: Partition, { end, fetchedAtMs }: Pick<BatchContext, 'end' | 'fetchedAtMs'>): void {
    const caughtUp = partition.next >= end;
    const lag = Math.max(0, end - partition.next);
    this.lag(partition, lag);
    this.advance(partition, caughtUp ? fetchedAtMs : Math.min(partition.foldedAtMs, fetchedAtMs));
    const told = this.of(partition.number);
    const isDue = caughtUp && performance.now() - told.toldAtMs >= CURRENCY_MS / 2;
    // A decision is judged with the policy told here: it must not wait for a timer.
    if (isDue || told.policy !== partition.recorded) this.tell(partition, told);
  }

  /** Another writer was here, or the store fell back: not current until it is folded again. Throws what the store does. */
  async clear(partition: Partition): Promise<void> {
    this.told.delete(partition.number);
    await this.parts.store.touch(partition.id, { caughtUpAtMs: 0, policy: partition.recorded ?? '' });
  }

  /** On a timer: where nothing arrives, the log itself is asked whether there is more. */
  async refresh(): Promise<void> {
    await Promise.all([...this.partitions.values()].map((partition) => this.refreshOne(partition)));
  }

  forget(partition: number): void {
    this.told.delete(partition);
  }

  /** When everything there was had last been folded, 0 = never; the oldest of all partitions, null = none is owned. */
  caughtUpAtMs(): number | null {
    const times = [...this.partitions.keys()].map((number) => this.told.get(number)?.caughtUpAtMs ?? 0);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Partition → how long ago in ms it was current, or came to us if that is later. */
  ages(nowMs: number): Map<number, number> {
    const owned = [...this.told].filter(([number]) => this.partitions.has(number));
    return new Map(
      owned.map(([number, { caughtUpAtMs, sinceMs }]) => [number, nowMs - Math.max(caughtUpAtMs, sinceMs)]),
    );
  }

  private async refreshOne(partition: Partition): Promise<void> {
    // Its age counts from here on, whatever answers.
    this.of(partition.number);
    if (!partition.placed) return;
    const askedAtMs = Date.now();
    try {
      const { end } = await this.parts.log.bounds(TOPICS.activity, partition.number);
      if (this.partitions.get(partition.number) !== partition || !partition.placed) return;
      const lag = Math.max(0, end - partition.next);
      this.lag(partition, lag);
      if (lag === 0) this.advance(partition, askedAtMs);
      this.tell(partition, this.of(partition.number));
    } catch (error) {
      countFailure(this.parts, error);
    }
  }

  private lag(partition: Partition, events: number): void {
    const seconds =
      events === 0 || partition.foldedAtMs === 0 ? 0 : (Date.now() - partition.foldedAtMs) / 1_000;
    this.parts.metrics.lagEvents.set({ partition: partition.number }, events);
    this.parts.metrics.lagSeconds.set({ partition: partition.number }, Math.max(0, seconds));
  }

  private of(number: number): Told {
    let told = this.told.get(number);
    if (!told)
      this.told.set(
        number,
        (told = { caughtUpAtMs: 0, sinceMs: Date.now(), policy: '', toldAtMs: -Infinity }),
      );
    return told;
  }

  private advance(partition: Partition, atMs: number): void {
    const told = this.of(partition.number);
    told.caughtUpAtMs = Math.max(told.caughtUpAtMs, atMs);
  }

  private tell(partition: Partition, told: Told): void {
    if (told.caughtUpAtMs === 0 || partition.recorded === null) return;
    told.toldAtMs = performance.now();
    told.policy = partition.recorded;
    const currency = { caughtUpAtMs: told.caughtUpAtMs, policy: partition.recorded };
    this.parts.store.touch(partition.id, currency).catch((error: unknown) => countFailure(this.parts, error));
  }
}
