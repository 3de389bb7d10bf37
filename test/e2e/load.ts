/** Seeded activity of several hundred agents as gateways would report it, with what goes wrong on the way. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ceHeaders, encodeActivity, ordinaryCall, ordinaryResult, partitionOf } from '#activity';
import {
  agentKey,
  TOPICS,
  type Activity,
  type ActivityBase,
  type Effect,
  type ToolCall,
} from '#activity/types';
import { PARTITIONS, TENANT, type Ground } from './ground.js';

/** One record that was acknowledged, where it stands. */
export interface Sent {
  partition: number;
  offset: number;
  key: string;
  value: Buffer;
  /** Null = poison. */
  activity: Activity | null;
}

interface Draft {
  key: string;
  value: Buffer;
  headers: Record<string, string>;
  activity: Activity | null;
}

/** Of 1,000 activities so many are sent twice, held back, late, followed by poison, or touch the honeytoken. */
const PER_MILLE = { twice: 30, heldBack: 30, late: 30, poison: 8, bait: 10 };
const CLASSES = ['internal', 'pii', 'financial', 'credential', 'source-code'];
const EFFECTS: Effect[] = ['read', 'read', 'read', 'write', 'send', 'delete'];

/** mulberry32: the same seed, the same activity. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export class Load {
  readonly sent: Sent[] = [];
  private readonly random: () => number;
  private readonly sequences = new Map<string, number>();
  private readonly instances: string[];
  private counter = 0;
  private held: Draft[] = [];

  constructor(
    private readonly ground: Ground,
    seed: number,
    private readonly agents = 300,
  ) {
    this.random = seeded(seed);
    this.instances = [`gateway-a-${seed}`, `gateway-b-${seed}`];
  }

  /** The next `count` activities and what goes wrong around them. Resolves when they are on the log. */
  async send(count: number): Promise<void> {
    const drafts: Draft[] = [];
    for (let i = 0; i < count; i += 1) this.next(drafts);
    await this.append(drafts);
  }

  /** Chunks one after the other until `done`, then what is still held back: every gap is filled. */
  async run(done: () => boolean, chunk = 25, pauseMs = 100): Promise<void> {
    while (!done()) {
      await this.send(chunk);
      await sleep(pauseMs);
    }
    await this.finish();
  }

  /** One agent touches the honeytoken: what follows takes its access away everywhere. */
  async bait(agent: string): Promise<void> {
    const base = { ...this.base(agent), assurance: 'asserted' as const };
    await this.append([this.draft(this.call(base, 'read', { server: 'vault', tool: 'bait' }))]);
  }

  /** A call that a gateway might ask about; not on the log, so it has no number yet. */
  proposal(agent: string, task: string | null): ToolCall {
    const base = { ...this.base(agent, this.instances[0]!, 0), task, time: Date.now() };
    const bait = this.chance(5 * PER_MILLE.bait) ? { server: 'vault', tool: 'bait' } : {};
    const call = this.call(base, bait.server ? 'read' : this.pick(EFFECTS), bait);
    return { ...call, dataClasses: this.random() < 0.4 ? [this.pick(CLASSES)] : [] };
  }

  /** The same call as it is logged. */
  numbered(call: ToolCall): ToolCall {
    return { ...call, sequence: this.sequence(call.agent, call.instance) };
  }

  resultOf({ agent, task, callId, conversation, server, tool }: ToolCall): Activity {
    const base = { ...this.base(agent, this.instances[0]!), task, conversation, time: Date.now() };
    return { ...this.result(base), callId, server, tool } as Activity;
  }

  /** One activity, as it is. */
  async log(activity: Activity): Promise<Sent> {
    await this.append([this.draft(activity)]);
    return this.sent.findLast((one) => one.activity === activity)!;
  }

  async finish(): Promise<void> {
    await this.append(this.held.splice(0));
  }

  /** True so many times in a thousand. */
  private chance(perMille: number): boolean {
    return this.random() * 1_000 < perMille;
  }

  private pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.random() * from.length)]!;
  }

  private next(drafts: Draft[]): void {
    const draft = this.draft(this.activity());
    if (this.chance(PER_MILLE.heldBack)) this.held.push(draft);
    else drafts.push(draft);
    if (this.chance(PER_MILLE.twice)) drafts.push(draft);
    if (this.chance(PER_MILLE.poison)) drafts.push(this.poison(draft));
    // A few at a time, some while later: numbers that come after higher ones.
    if (this.held.length > 10) drafts.push(this.held.splice(Math.floor(this.random() * 10), 1)[0]!);
  }

  private draft(activity: Activity): Draft {
    const headers = ceHeaders(activity);
    return { key: agentKey(activity), value: encodeActivity(activity), headers, activity };
  }

  /** Garbage, a record cut short, or one with something behind it. */
  private poison({ key, value, headers }: Draft): Draft {
    const kinds = [
      Buffer.from(Array.from({ length: 40 }, () => Math.floor(this.random() * 256))),
      value.subarray(0, value.length - 3),
      Buffer.concat([value, Buffer.from('more')]),
      Buffer.alloc(0),
    ];
    return { key, value: this.pick(kinds), headers, activity: null };
  }

  private activity(): Activity {
    const agent = `spiffe://load.test/agent-${Math.floor(this.random() * this.agents)}`;
    const base = this.base(agent);
    if (this.chance(PER_MILLE.bait)) return this.call(base, 'read', { server: 'vault', tool: 'bait' });
    if (this.random() < 0.3) return this.result(base);
    return this.call(base, this.pick(EFFECTS), {});
  }

  private sequence(agent: string, instance: string): number {
    const numbered = `${agent} ${instance}`;
    const sequence = (this.sequences.get(numbered) ?? 0) + 1;
    this.sequences.set(numbered, sequence);
    return sequence;
  }

  private base(
    agent: string,
    instance = this.pick(this.instances),
    sequence = this.sequence(agent, instance),
  ): ActivityBase {
    this.counter += 1;
    const lateMs = this.chance(PER_MILLE.late) ? Math.floor(this.random() * 120_000) : 0;
    return {
      id: `${instance}-${this.counter}`,
      tenant: TENANT,
      agent,
      assurance: 'verified',
      principal: 'ada',
      actors: [],
      time: Date.now() - lateMs,
      source: `gateway/${instance}`,
      instance,
      sequence,
      pending: false,
      task: null,
      conversation: `c${Math.floor(this.random() * 2)}`,
    };
  }

  private call(base: ActivityBase, effect: Effect, over: { server?: string; tool?: string }): ToolCall {
    return ordinaryCall({
      ...base,
      tool: `tool-${Math.floor(this.random() * 9)}`,
      effect,
      dataClasses: this.random() < 0.1 ? [this.pick(CLASSES)] : [],
      resource: `/scratch/${Math.floor(this.random() * 50)}.txt`,
      argumentsBytes: Math.floor(this.random() * 500),
      ...over,
    });
  }

  private result(base: ActivityBase): Activity {
    return ordinaryResult({
      ...base,
      callId: `${base.id}-call`,
      tool: `tool-${Math.floor(this.random() * 9)}`,
      outcome: this.random() < 0.1 ? 'error' : 'ok',
      trust: this.pick(['own', 'third-party', 'unknown'] as const),
      dataClasses: this.random() < 0.15 ? [this.pick(CLASSES)] : [],
      resultBytes: Math.floor(this.random() * 5_000),
    });
  }

  private async append(drafts: Draft[]): Promise<void> {
    const byPartition = new Map<number, Draft[]>();
    for (const draft of drafts) {
      const partition = partitionOf(draft.key, PARTITIONS);
      byPartition.set(partition, [...(byPartition.get(partition) ?? []), draft]);
    }
    for (const [partition, some] of byPartition) {
      const messages = some.map(({ key, value, headers }) => ({ key, value, headers, partition }));
      const [answer] = await this.ground.producer.send({ topic: TOPICS.activity, messages, acks: -1 });
      const first = Number(answer!.baseOffset);
      some.forEach((draft, i) => this.sent.push({ ...draft, partition, offset: first + i }));
    }
  }
}
