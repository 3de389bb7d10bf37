/** Sequence rules made ready: repeated steps written out, and for each tool, data and trust the few rules that such activities can touch. */
import type { Effect, ToolCall, ToolResult, Trust, ValueKind } from '#activity/types';
import { matchesName } from '../glob.js';
import type { Policy } from '../policy.js';
import type { SequenceRule, SequenceStep } from './rule.js';

/** What sequences are made of. */
export type Seen = ToolCall | ToolResult;

export interface PlannedRule {
  rule: SequenceRule;
  /** Names the rule and the shape of its steps in the state. */
  id: number;
  /** Steps that have to happen, a repeated one written out. */
  positions: SequenceStep[];
  /** Number of the step that each position belongs to. */
  numbers: number[];
  /** By number of positions reached: what must not come next. */
  between: SequenceStep[][];
  /** What must not be absent after the last position. */
  ending: SequenceStep | null;
  /** Position whose values later ones share, and of which kinds; -1 = none. */
  anchor: number;
  kinds: ReadonlySet<ValueKind>;
}

/** What one kind of activity of one tool, with such data, can do to one rule, its other conditions still to be looked at. */
export interface Touch {
  planned: PlannedRule;
  /** Steps that it can be, each with its positions, later ones first. */
  steps: { step: SequenceStep; positions: number[] }[];
  /** Steps that it can be and must not, with the number of positions reached after which. */
  between: { reached: number; steps: SequenceStep[] }[];
  ending: boolean;
  /** It can be the last step of a rule that has no other ending. */
  completes: boolean;
}

/** What keeps the shared progress of all rules (`places.ts`) under 3 KiB; `libs/policy` refuses more. */
export const SEQUENCE_LIMITS = {
  rules: 64,
  /** Steps of one rule that have to happen. */
  steps: 6,
  /** Of one rule, repeated steps written out. */
  positions: 24,
  /** Of all rules together. */
  allPositions: 256,
} as const;

/** Tools with such data whose touches are kept ready; beyond it they are worked out afresh. */
const READY_MAX = 4_096;
const SLOTS: Record<Effect, number> = {
  read: 0,
  write: 1,
  delete: 2,
  execute: 3,
  send: 4,
  admin: 5,
  unknown: 6,
};
const RESULT_SLOTS: Record<Trust, number> = { own: 7, 'third-party': 8, unknown: 9 };
const NONE: readonly Touch[] = [];

/** Touches by the slot of an activity. */
type Slots = (readonly Touch[] | undefined)[];

export class SequencePlan {
  readonly rules: readonly PlannedRule[];
  readonly byId: ReadonlyMap<number, PlannedRule>;
  /** Whose activity the rules are about. */
  readonly scopes: readonly SequenceRule['of'][];
  /** Rules whose last step must not be absent, in the order of their numbers. */
  readonly endings: readonly PlannedRule[];
  readonly hasEndings: boolean;
  /** Some step asks for data classes. */
  private readonly readsClasses: boolean;
  /** By server, tool and data classes. */
  private readonly ready = new Map<string, Map<string, Map<string, Slots>>>();
  private count = 0;

  /** The order of rules means nothing: they are taken by id. */
  constructor(rules: readonly SequenceRule[]) {
    const on = rules.filter(({ mode }) => mode !== 'off').toSorted((a, b) => (a.id < b.id ? -1 : 1));
    this.rules = on.map(planned);
    this.byId = new Map(this.rules.map((one) => [one.id, one]));
    this.scopes = (['agent', 'principal', 'task'] as const).filter((of) => on.some((rule) => rule.of === of));
    this.endings = this.rules.filter(({ ending }) => ending !== null).toSorted((a, b) => a.id - b.id);
    this.hasEndings = this.endings.length > 0;
    this.readsClasses = on.some(({ steps }) => steps.some(({ dataClasses }) => dataClasses !== null));
  }

  touchedBy(seen: Seen): readonly Touch[] {
    if (this.rules.length === 0) return NONE;
    const slot = seen.type === 'ToolCall' ? SLOTS[seen.effect] : RESULT_SLOTS[seen.trust];
    const data = this.readsClasses ? nameOf(seen.dataClasses) : '';
    const slots = this.ready.get(seen.server)?.get(seen.tool)?.get(data) ?? this.slotsFor(seen, data);
    return (slots[slot] ??= this.rules.flatMap((one) => touchOf(one, seen) ?? []));
  }

  private slotsFor({ server, tool }: Seen, data: string): Slots {
    if (this.count >= READY_MAX) {
      this.ready.clear();
      this.count = 0;
    }
    let byTool = this.ready.get(server);
    if (byTool === undefined) this.ready.set(server, (byTool = new Map()));
    let byData = byTool.get(tool);
    if (byData === undefined) byTool.set(tool, (byData = new Map()));
    const slots: Slots = Array.from({ length: Object.keys(SLOTS).length + Object.keys(RESULT_SLOTS).length });
    byData.set(data, slots);
    this.count += 1;
    return slots;
  }
}

/** One name for a list of data classes; most have one. */
function nameOf(classes: readonly string[]): string {
  return classes.length === 1 ? (classes[0] as string) : classes.join('\n');
}

/** Policies never change, so it is worked out once. */
const plans = new WeakMap<Policy, SequencePlan>();
export function planOf(policy: Policy): SequencePlan {
  let plan = plans.get(policy);
  if (plan === undefined) plans.set(policy, (plan = new SequencePlan(policy.sequences ?? [])));
  return plan;
}

function planned(rule: SequenceRule): PlannedRule {
  const happening = rule.steps.filter(({ absent }) => !absent);
  const numbers = happening.flatMap(({ times }, number) => Array.from({ length: times }, () => number));
  const positions = numbers.map((number) => happening[number] as SequenceStep);
  const between: SequenceStep[][] = positions.map(() => []);
  let reached = 0;
  let ending: SequenceStep | null = null;
  for (const step of rule.steps) {
    if (!step.absent) reached += step.times;
    else if (reached === positions.length) ending = step;
    else between[reached]?.push(step);
  }
  const joins = rule.steps.flatMap(({ sameValue }) => sameValue ?? []);
  const anchor = joins.length === 0 ? -1 : positions.findIndex(({ id }) => id === joins[0]?.step);
  const kinds = new Set(joins.flatMap((join) => join.kinds));
  return { rule, id: shapeOf(rule), positions, numbers, between, ending, anchor, kinds };
}

/**
 * Progress means the same as long as the rule has the same steps in the same order, so that a rule whose conditions were
 * edited goes on from where it was. 32 bits of FNV-1a; `libs/policy` refuses two rules that have the same.
 */
export function shapeOf({ id, of, steps }: SequenceRule): number {
  const shape = steps.map(
    (step) => `${step.id}*${step.times}${step.absent ? '!' : ''}${step.sameValue?.step ?? ''}`,
  );
  let hash = 0x811c9dc5;
  for (const character of [id, of, ...shape].join('/')) {
    hash = Math.imul(hash ^ (character.codePointAt(0) as number), 0x01000193);
  }
  return hash | 0;
}

function touchOf(one: PlannedRule, seen: Seen): Touch | null {
  const steps = [...new Set(one.positions)]
    .filter((step) => fits(step, seen))
    .map((step) => ({ step, positions: positionsOf(one, step) }));
  const between = one.between
    .map((steps, reached) => ({ reached, steps: steps.filter((step) => fits(step, seen)) }))
    .filter(({ steps }) => steps.length > 0);
  const ending = one.ending !== null && fits(one.ending, seen);
  if (steps.length === 0 && between.length === 0 && !ending) return null;
  const completes = one.ending === null && steps.some(({ step }) => step === one.positions.at(-1));
  return { planned: one, steps, between, ending, completes };
}

function positionsOf({ positions }: PlannedRule, step: SequenceStep): number[] {
  return positions.flatMap((one, position) => (one === step ? [position] : [])).toReversed();
}

/** By what its tool, its data and its trust decide. */
function fits(step: SequenceStep, seen: Seen): boolean {
  if ((step.activity === 'call') !== (seen.type === 'ToolCall')) return false;
  if (seen.type === 'ToolResult' && step.trusts !== null && !step.trusts.includes(seen.trust)) return false;
  if (!hasClass(step, seen)) return false;
  if (seen.type === 'ToolCall' && step.effects !== null && !meansEffect(step, seen.effect)) return false;
  return anyName(step.servers, seen.server) && anyName(step.tools, seen.tool);
}

/** Nobody knows what an unknown effect does: it is as bad as any, and makes up for nothing. */
function meansEffect({ effects, absent }: SequenceStep, effect: Effect): boolean {
  if (effects === null || effects.includes(effect)) return true;
  return effect === 'unknown' && !absent && effects.some((one) => one !== 'read');
}

/** Null asks for none. */
export function hasClass({ dataClasses }: SequenceStep, seen: Seen): boolean {
  if (dataClasses === null) return true;
  for (const name of seen.dataClasses) if (dataClasses.includes(name)) return true;
  return false;
}

function anyName(globs: string[] | null, name: string): boolean {
  return globs === null || globs.some((glob) => matchesName(glob, name));
}
