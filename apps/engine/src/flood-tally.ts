/**
 * Who acted in a window of time, and on whom what fired: a bounded sample of the agents of one partition, kept with it in
 * the store. An agent belongs to one partition, so samples of all partitions together are one of all agents.
 */
import { hash } from 'node:crypto';
import { LEVELS, type Assurance } from '#activity/types';
import type { Finding } from '#drift';

/** Beside the agents of a partition; agent keys contain `|`, so this is none. */
export const TALLY_KEY = 'flood-tally';
/** Agents sampled per window: enough that a share is known to a few per cent. */
export const SAMPLE_MAX = 512;
/** Detectors and sequence rules told apart; far more than a policy has. */
const CAUSES_MAX = 256;
/** Between two writes of a tally: what a crash may forget. */
const WRITE_EVERY_MS = 5_000;

/** Agent (48 bits of its digest) → what fired on it. The agents with the smallest digests stay: a fair sample. */
export class Sample {
  /** Grows to twice the size before it is cut: looking for the largest at each newcomer would cost more than the rest. */
  private readonly kept = new Map<number, Set<string>>();
  /** Agents from here on are none of the sample. */
  private bound = Infinity;

  get agents(): ReadonlyMap<number, Set<string>> {
    this.cut();
    return this.kept;
  }

  /** What fired on this agent; null when it is not in the sample. */
  of(agent: number): Set<string> | null {
    if (agent >= this.bound) return null;
    const known = this.kept.get(agent);
    if (known) return known;
    const fired = new Set<string>();
    this.kept.set(agent, fired);
    if (this.kept.size >= 2 * SAMPLE_MAX) this.cut();
    return agent < this.bound ? fired : null;
  }

  add(other: Sample): void {
    for (const [agent, causes] of other.agents) {
      const fired = this.of(agent);
      if (fired) for (const cause of causes) fired.add(cause);
    }
  }

  private cut(): void {
    if (this.kept.size <= SAMPLE_MAX) return;
    const sorted = [...this.kept.keys()].sort((a, b) => a - b);
    this.bound = sorted[SAMPLE_MAX]!;
    for (const agent of sorted.slice(SAMPLE_MAX)) this.kept.delete(agent);
  }
}

/** Verified and asserted agents apart: a name that is made up must not count as much as one that is proved. */
export type Samples = Record<Assurance, Sample>;

interface Window {
  /** When it began; a multiple of the window's length. */
  at: number;
  samples: Samples;
}

const samples = (): Samples => ({ verified: new Sample(), asserted: new Sample() });
const none = (): Window => ({ at: 0, samples: samples() });

export class FloodTally {
  private current = none();
  private previous = none();
  private changed = false;
  private writtenAtMs = 0;

  /** Begin of the window that this time is in. */
  static windowOf(timeMs: number, windowMs: number): number {
    return Math.floor(timeMs / windowMs) * windowMs;
  }

  /** An agent acted in this window, of the log's time. Once for each agent and window is enough. */
  acted(key: string, assurance: Assurance, window: number): void {
    this.turn(window);
    this.current.samples[assurance].of(digestOf(key));
    this.changed = true;
  }

  /** What the core found about an agent that acted. */
  found(key: string, assurance: Assurance, findings: readonly Finding[]): void {
    const causes = causesOf(findings);
    if (causes.length === 0) return;
    const fired = this.current.samples[assurance].of(digestOf(key));
    if (fired === null) return;
    for (const cause of causes) if (fired.size < CAUSES_MAX) fired.add(cause);
    this.changed = true;
  }

  /** Bytes to keep when it is time to, null when not. */
  due(timeMs: number): Uint8Array | null {
    if (!this.changed || timeMs - this.writtenAtMs < WRITE_EVERY_MS) return null;
    this.writtenAtMs = timeMs;
    this.changed = false;
    return this.encode();
  }

  encode(): Uint8Array {
    return Buffer.from(JSON.stringify([this.current, this.previous].map(toPlain)));
  }

  /** What cannot be read is forgotten: the next window knows as much. */
  static decode(bytes: Uint8Array | null): FloodTally {
    const tally = new FloodTally();
    if (bytes === null) return tally;
    try {
      const [current, previous] = JSON.parse(Buffer.from(bytes).toString('utf8')) as [Plain, Plain];
      tally.current = fromPlain(current);
      tally.previous = fromPlain(previous);
    } catch {
      return new FloodTally();
    }
    return tally;
  }

  /** Adds what is known of the windows that began at or after `from`. */
  addTo(all: Samples, from: number): void {
    for (const { at, samples: own } of [this.current, this.previous]) {
      if (at < from || at === 0) continue;
      all.verified.add(own.verified);
      all.asserted.add(own.asserted);
    }
  }

  private turn(window: number): void {
    if (window <= this.current.at) return;
    this.previous = this.current;
    this.current = { at: window, samples: samples() };
  }
}

/** Of all partitions together, of the windows that began at or after `from`. */
export function together(tallies: Iterable<FloodTally>, from: number): Samples {
  const all = samples();
  for (const tally of tallies) tally.addTo(all, from);
  return all;
}

/** A detector, or of the sequence detector the rule: what raised a level, enforced. */
function causesOf(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ level, observed, evidence }) => {
    if (observed || level === LEVELS[0]) return [];
    return evidence.map(({ detector, key }) => (detector === 'sequence' ? sequenceOf(key) : detector));
  });
}

/** `sequence/<rule>`, without whom it went to and the task. */
function sequenceOf(key: string): string {
  return key.slice(0, key.lastIndexOf('@')).split('/').slice(0, 2).join('/');
}

function digestOf(key: string): number {
  return parseInt(hash('sha256', key).slice(0, 12), 16);
}

type PlainSample = [agent: number, ...causes: string[]][];
interface Plain {
  at: number;
  verified: PlainSample;
  asserted: PlainSample;
}

function toPlain({ at, samples: { verified, asserted } }: Window): Plain {
  const plain = ({ agents }: Sample): PlainSample => [...agents].map(([agent, fired]) => [agent, ...fired]);
  return { at, verified: plain(verified), asserted: plain(asserted) };
}

function fromPlain({ at, verified, asserted }: Plain): Window {
  const sample = (plain: PlainSample): Sample => {
    const made = new Sample();
    for (const [agent, ...causes] of plain) {
      const fired = made.of(agent);
      for (const cause of causes) fired?.add(cause);
    }
    return made;
  };
  return { at, samples: { verified: sample(verified), asserted: sample(asserted) } };
}
