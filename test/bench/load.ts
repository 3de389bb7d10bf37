/**
 * Seeded activities with the sizes, counts and values per call of recorded agent runs (2,467 runs of language-model agents,
 * 14,177 calls): per call 0/1/1/2/4/11 values at the 10th/25th/50th/75th/90th/99th percentile, per result 0/1/4/16/37/86;
 * arguments 2/16/30/53/102/362 bytes, results 43/73/175/684/1,637/4,202. An agent keeps to its own things: what its calls
 * name, and most of what its results hold, it has met before. About 1 % yield evidence, 0.1 % a command.
 */
import type { ActivityBase, Effect, ToolCall, ToolResult, Value, ValueKind } from '#activity/types';

const PERCENTS = [0, 10, 25, 50, 75, 90, 99, 100];
const CALL_VALUES = [0, 0, 1, 1, 2, 4, 11, 20];
const RESULT_VALUES = [0, 0, 1, 4, 16, 37, 86, 140];
const ARGUMENT_BYTES = [2, 2, 16, 30, 53, 102, 362, 2_000];
const RESULT_BYTES = [10, 43, 73, 175, 684, 1_637, 4_202, 5_300];
/** Shares of effects among the recorded calls, and the catalogued tool of each. */
const TOOLS: readonly { share: number; tool: string; effect: Effect }[] = [
  { share: 0.3, tool: 'read_text_file', effect: 'read' },
  { share: 0.25, tool: 'list_directory', effect: 'read' },
  { share: 0.15, tool: 'search_files', effect: 'read' },
  { share: 0.1, tool: 'get_file_info', effect: 'read' },
  { share: 0.12, tool: 'write_file', effect: 'write' },
  { share: 0.077, tool: 'edit_file', effect: 'write' },
  { share: 0.003, tool: 'move_file', effect: 'delete' },
];
const KINDS: readonly ValueKind[] = ['name', 'text', 'id', 'path', 'email', 'url', 'amount', 'host'];
/** Things an agent works on, and how much of what its results hold is none of them. */
const THINGS = 40;
const NEW_SHARE = 0.1;
/** Of what stands in results, in running text. */
const PROSE_SHARE = 0.3;
/**
 * One agent in so many keeps running into refusals, this often: evidence that is refreshed far more often than a level
 * changes.
 */
const REFUSED_AGENTS = 45;
const REFUSED_SHARE = 0.6;
const START_MS = Date.UTC(2026, 0, 5, 9);
/** Recorded calls have no times; a few seconds apart is what agents do. */
const STEP_MS = 3_000;

export interface LoadOptions {
  seed: number;
  agents: number;
  /** Nobody comes twice: every activity is another agent's first. */
  distinct?: boolean;
  /** Time of the first activity; the log's append time must not be far from it. */
  startMs?: number;
  /** Ms between activities of one agent. */
  stepMs?: number;
}

interface Agent {
  base: Omit<ActivityBase, 'id' | 'time' | 'sequence'>;
  sequence: number;
  open: ToolCall | null;
  refused: boolean;
  things: Pick<Value, 'kind' | 'print'>[];
}

export class Load {
  private readonly random: () => number;
  private readonly agents: Agent[];
  private count = 0;

  constructor(private readonly options: LoadOptions) {
    this.random = mulberry32(options.seed);
    this.agents = options.distinct ? [] : Array.from({ length: options.agents }, (_, i) => this.agent(i));
  }

  next(): ToolCall | ToolResult {
    const number = this.count;
    this.count += 1;
    const agent = this.options.distinct
      ? this.agent(number)
      : this.agents[Math.floor(this.random() * this.agents.length)]!;
    agent.sequence += 1;
    const { startMs = START_MS, stepMs = STEP_MS } = this.options;
    const base = {
      ...agent.base,
      id: `gateway-a-7f3e-${number}`,
      time: startMs + agent.sequence * stepMs,
      sequence: agent.sequence,
    };
    if (agent.open !== null) {
      const result = this.result(base, agent, agent.open);
      agent.open = null;
      return result;
    }
    const call = this.call(base, agent);
    if (agent.refused && this.random() < REFUSED_SHARE) {
      return { ...call, decision: 'refused', basis: 'limit', reason: 'limit' };
    }
    if (!this.options.distinct) agent.open = call;
    return call;
  }

  private agent(number: number): Agent {
    return {
      base: {
        tenant: 'acme',
        agent: `spiffe://acme.example/agent/worker-${number}`,
        assurance: 'verified',
        principal: `user-${number % 97}`,
        actors: [],
        source: 'gateway/a',
        instance: 'gateway-a-7f3e',
        pending: false,
        task: null,
        conversation: `c-${number}`,
      },
      sequence: 0,
      open: null,
      refused: number % REFUSED_AGENTS === 0,
      things: Array.from({ length: this.options.distinct ? 1 : THINGS }, () => this.thing()),
    };
  }

  private call(base: ActivityBase, agent: Agent): ToolCall {
    const { tool, effect } = this.tool();
    return {
      ...base,
      type: 'ToolCall',
      callId: base.id,
      method: 'tools/call',
      server: 'files',
      tool,
      effect,
      effectSource: 'catalogue',
      uncatalogued: false,
      dataClasses: ['internal'],
      resource: `/data/reports/${Math.floor(this.random() * 500)}.md`,
      destination: null,
      facts: [],
      values: this.argumentsOf(agent, this.quantile(CALL_VALUES)),
      valuesDropped: 0,
      argumentsBytes: this.quantile(ARGUMENT_BYTES),
      toolDigest: null,
      decision: 'allowed',
      basis: 'passed',
      reason: '',
      revocation: null,
      policy: '',
    };
  }

  private result(base: ActivityBase, agent: Agent, call: ToolCall): ToolResult {
    return {
      ...base,
      type: 'ToolResult',
      callId: call.callId,
      server: call.server,
      tool: call.tool,
      outcome: 'ok',
      trust: 'unknown',
      dataClasses: ['internal'],
      values: this.contents(agent, this.quantile(RESULT_VALUES)),
      valuesDropped: 0,
      requests: [],
      resultBytes: this.quantile(RESULT_BYTES),
      records: 0,
      durationMs: 4,
    };
  }

  private argumentsOf({ things }: Agent, count: number): Value[] {
    const at = { standing: 'argument', at: 'path', imperative: false, author: null } as const;
    return Array.from({ length: count }, () => ({ ...this.oneOf(things), ...at }));
  }

  private contents({ things }: Agent, count: number): Value[] {
    return Array.from({ length: count }, (_, i) => ({
      ...(this.random() < NEW_SHARE ? this.thing() : this.oneOf(things)),
      standing: this.random() < PROSE_SHARE ? ('prose' as const) : ('field' as const),
      at: `/items/${i}`,
      imperative: false,
      author: null,
    }));
  }

  private thing(): Pick<Value, 'kind' | 'print'> {
    return { kind: this.oneOf(KINDS), print: this.print() };
  }

  private oneOf<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)]!;
  }

  private print(): string {
    const half = () =>
      Math.floor(this.random() * 0xffffffff)
        .toString(16)
        .padStart(8, '0');
    return half() + half();
  }

  private tool(): (typeof TOOLS)[number] {
    let at = this.random();
    return TOOLS.find(({ share }) => (at -= share) < 0) ?? TOOLS[0]!;
  }

  private quantile(table: readonly number[]): number {
    const at = this.random() * 100;
    const upper = PERCENTS.findIndex((percent) => percent >= at);
    const low = PERCENTS[upper - 1] ?? 0;
    const within = (at - low) / (PERCENTS[upper]! - low || 1);
    const from = table[Math.max(0, upper - 1)]!;
    return Math.round(from + within * (table[upper]! - from));
  }
}

/** A small generator with a 32-bit state: the same seed, the same load. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
