/** Repeatable chance: the same seed and name draw the same numbers, whatever else is drawn. */
import { createHash } from 'node:crypto';

/** 0 ≤ next() < 1. */
export class Chance {
  private state: number;

  constructor(seed: number, name: string) {
    this.state = createHash('sha256').update(`${seed} ${name}`).digest().readUInt32LE(0);
  }

  /** mulberry32: small, fast, good enough to draw tasks and phrasings. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** 0 … n − 1. */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  pick<T>(some: readonly T[]): T {
    return some[this.below(some.length)] as T;
  }

  shuffled<T>(some: readonly T[]): T[] {
    const order = some.slice();
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [order[i], order[j]] = [order[j] as T, order[i] as T];
    }
    return order;
  }
}
