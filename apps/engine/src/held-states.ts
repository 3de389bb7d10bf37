import type { AgentState } from '#drift';

/** One agent's state while it is held: what the store has, and what the running batch made of it. */
export interface Held {
  key: string;
  stored: AgentState | null;
  next: AgentState | null;
  touched: boolean;
  /** Window of the flood tally it was counted in. */
  talliedIn: number;
}

/**
 * Decoded states of one partition, so that an agent seen again costs no load. What a batch makes of them counts only
 * once it is stored: `adopt` after the commit, `rollBack` when there was none. Least recently folded go first.
 */
export class HeldStates {
  private readonly held = new Map<string, Held>();
  private touchedList: Held[] = [];

  constructor(private readonly max: number) {}

  get size(): number {
    return this.held.size;
  }

  /** In order of first touch; the same for every run over the same batch. */
  get touched(): readonly Held[] {
    return this.touchedList;
  }

  get(key: string): Held | undefined {
    return this.held.get(key);
  }

  /** What the store holds for this agent. */
  put(key: string, stored: AgentState | null): void {
    this.held.set(key, { key, stored, next: stored, touched: false, talliedIn: 0 });
  }

  advance(held: Held, next: AgentState): void {
    held.next = next;
    if (held.touched) return;
    held.touched = true;
    this.touchedList.push(held);
  }

  /** The batch is stored. */
  adopt(): void {
    for (const held of this.touchedList) {
      held.stored = held.next;
      held.touched = false;
      this.held.delete(held.key);
      this.held.set(held.key, held);
    }
    this.touchedList = [];
    if (this.held.size <= this.max) return;
    for (const key of this.held.keys()) {
      this.held.delete(key);
      if (this.held.size <= this.max) return;
    }
  }

  /** The batch was not stored, or nobody knows. */
  rollBack(): void {
    for (const held of this.touchedList) {
      held.next = held.stored;
      held.touched = false;
    }
    this.touchedList = [];
  }

  /** Another writer moved the marker: nothing held is believed any more. */
  clear(): void {
    this.held.clear();
    this.touchedList = [];
  }
}
