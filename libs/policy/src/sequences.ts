/** `sequences:` of the policy document: its schema, how it is compiled, and the rules that join several of its keys. */
import { EFFECTS, VALUE_KINDS, type ValueKind } from '#activity/types';
import { SEQUENCE_LIMITS, sequenceShape, TAXONOMY, type SequenceRule, type SequenceStep } from '#drift';
import { z } from 'zod';
import { Duration } from './duration.js';

/** A list of one may be written without brackets. */
const some = <T extends z.ZodType>(item: T, max = 64) =>
  z
    .union([item, z.array(item).min(1).max(max)])
    .transform((one) => (Array.isArray(one) ? one : [one]) as z.output<T>[]);

const Id = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'expected a name of a-z, 0-9 and -, at most 40 characters');
const Glob = z.string().min(1).max(256);
const Range = z
  .strictObject({ min: z.number().optional(), max: z.number().optional() })
  .refine(({ min, max }) => min !== undefined || max !== undefined, 'expected min, max or both')
  .refine(({ min = -Infinity, max = Infinity }) => min <= max, 'expected min to be at most max');
const FactValue = z.union([z.string().max(256), z.number(), z.boolean()]);
const Fact = z.union([FactValue, z.array(FactValue).min(1).max(64), Range]);
const Clock = z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, 'expected a time of day like 22:00');
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** What says whom or what something is about; amounts, names and short texts are too common to be the same by chance. */
const JOINED_KINDS: ValueKind[] = ['email', 'url', 'host', 'phone', 'iban', 'account', 'card', 'path', 'id'];

const Step = z.strictObject({
  id: Id.describe('Its name in explanations, and for sameValue'),
  activity: z.enum(['call', 'result']).default('call').describe('A call, or what one returned'),
  absent: z
    .boolean()
    .default(false)
    .describe('It must not happen between the steps around it; as the last one, not within its own `within`'),
  times: z.int().min(1).max(SEQUENCE_LIMITS.positions).default(1).describe('At least so many times'),
  within: Duration.optional().describe('Of a last step that is absent: for how long after the step before'),
  effect: some(z.enum(EFFECTS)).optional().describe('Of a call; unknown counts as any but read'),
  server: some(Glob).optional().describe('Globs; * stands for any run of characters'),
  tool: some(Glob).optional().describe('Globs; * stands for any run of characters'),
  resource: some(Glob)
    .optional()
    .describe('Of a call: globs; * stands for any run without /, ** for any run'),
  to: some(z.enum(['internal', 'external', 'unknown']))
    .optional()
    .describe('Of a call: where it goes, by internalDomains and internalAccounts'),
  dataClass: some(z.string().min(1).max(64)).optional().describe('In the arguments, or in the result'),
  trust: some(z.enum(['own', 'third-party', 'unknown']))
    .optional()
    .describe('Of a result: who wrote it'),
  outcome: some(z.enum(['ok', 'error', 'unknown']))
    .optional()
    .describe('Of a result'),
  records: Range.optional().describe('Of a result: items in it'),
  bytes: Range.optional().describe('Size of the arguments, or of the result'),
  facts: z
    .record(z.string().min(1).max(128), Fact)
    .default({})
    .describe(
      'Of a call, by name as in the catalogue: a value, a list of values (texts are globs), or a range',
    ),
  time: z
    .strictObject({
      from: Clock.default('00:00'),
      to: z
        .union([Clock, z.literal('24:00')])
        .default('24:00')
        .describe('Not included; before `from` = the next day'),
      days: some(z.enum(DAYS)).optional().describe('A night belongs to the day on which it begins'),
    })
    .optional()
    .describe('When it happened, UTC'),
  sameValue: z
    .union([Id, z.strictObject({ step: Id, kinds: some(z.enum(VALUE_KINDS)).default(JOINED_KINDS) })])
    .transform((join) => (typeof join === 'string' ? { step: join, kinds: JOINED_KINDS } : join))
    .optional()
    .describe(
      'An earlier step that a value of this one must also have stood in; where it goes to is one of them',
    ),
});

const Tags = z.strictObject({
  asi: some(z.enum(namesOf('asi'))).default([]),
  atlas: some(z.enum(namesOf('atlas'))).default([]),
  maestro: some(z.enum(namesOf('maestro'))).default([]),
  nist: some(z.enum(namesOf('nist'))).default([]),
});

export const Sequence = z.strictObject({
  id: Id,
  title: z.string().min(1).max(120).describe('What it means when it matches; begins every explanation'),
  of: z
    .enum(['task', 'agent', 'principal'])
    .default('task')
    .describe(
      'Steps within one task (undeclared work of one principal counts as one), of one agent, or of one of its principals',
    ),
  steps: z.array(Step).min(1).max(12).describe('One after another, with anything between them'),
  within: Duration.optional().describe('From the first step to the last that has to happen'),
  weight: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.45)
    .describe('Of its evidence; at most that of detectors.sequence'),
  halfLife: Duration.optional().describe(
    'After this long its evidence counts half; absent = that of detectors.sequence',
  ),
  mode: z.enum(['enforce', 'observe', 'off']).default('enforce'),
  tags: Tags.optional().describe('Instead of those of the detector'),
  owner: z.string().min(1).max(256).optional().describe('Whom to ask about it'),
});
export type Sequence = z.output<typeof Sequence>;
type Step = z.output<typeof Step>;

export const Sequences = z.array(Sequence).max(SEQUENCE_LIMITS.rules);

function namesOf(taxonomy: keyof typeof TAXONOMY): [string, ...string[]] {
  return Object.keys(TAXONOMY[taxonomy]) as [string, ...string[]];
}

/** As the core matches with it. */
export function compileSequence(sequence: Sequence): SequenceRule {
  const { id, title, of, weight, mode } = sequence;
  return {
    id,
    title,
    of,
    withinMs: sequence.within ?? 0,
    steps: sequence.steps.map(compileStep),
    weight,
    halfLifeMs: sequence.halfLife ?? null,
    mode,
    tags: sequence.tags ?? null,
    owner: sequence.owner ?? null,
  };
}

function compileStep(step: Step): SequenceStep {
  const { id, activity, absent, times } = step;
  return {
    id,
    activity,
    absent,
    times,
    withinMs: step.within ?? null,
    effects: step.effect ?? null,
    servers: step.server ?? null,
    tools: step.tool ?? null,
    resources: step.resource ?? null,
    places: step.to ?? null,
    dataClasses: step.dataClass ?? null,
    trusts: step.trust ?? null,
    outcomes: step.outcome ?? null,
    records: rangeOf(step.records),
    bytes: rangeOf(step.bytes),
    facts: Object.entries(step.facts).map(([name, wanted]) => factOf(name, wanted)),
    time: step.time === undefined ? null : timeOf(step.time),
    sameValue: step.sameValue ?? null,
  };
}

function rangeOf(range: z.output<typeof Range> | undefined): SequenceStep['records'] {
  return range === undefined ? null : { min: range.min ?? null, max: range.max ?? null };
}

function factOf(name: string, wanted: z.output<typeof Fact>): SequenceStep['facts'][number] {
  if (Array.isArray(wanted)) return { name, any: wanted, range: null };
  if (typeof wanted === 'object') return { name, any: null, range: rangeOf(wanted) };
  return { name, any: [wanted], range: null };
}

function timeOf({ from, to, days }: NonNullable<Step['time']>): SequenceStep['time'] {
  return {
    fromMinute: minuteOf(from),
    toMinute: minuteOf(to),
    days: days === undefined ? null : days.map((day) => DAYS.indexOf(day)),
  };
}

function minuteOf(clock: string): number {
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
}

interface Broken {
  path: PropertyKey[];
  message: string;
}

/** What is only asked of a call, and only of a result. */
const OF_CALLS = ['effect', 'resource', 'to'] as const;
const OF_RESULTS = ['trust', 'outcome', 'records'] as const;

/** What the schema cannot say of sequences. `heaviest`: the weight of the detector. */
export function brokenSequences(sequences: Sequence[], idleMs: number, heaviest: number): Broken[] {
  const broken: Broken[] = [];
  const seen = new Map<number, string>();
  let positions = 0;
  sequences.forEach((sequence, at) => {
    const path = ['sequences', at];
    const say = (below: PropertyKey[], message: string) =>
      broken.push({ path: [...path, ...below], message });
    const shape = sequenceShape(compileSequence(sequence));
    const twin = seen.get(shape);
    if (sequences.findIndex(({ id }) => id === sequence.id) < at)
      say(['id'], `"${sequence.id}" is there twice`);
    else if (twin !== undefined)
      say(['id'], `cannot be told from "${twin}" in 32 bits; call it something else`);
    seen.set(shape, sequence.id);
    if (sequence.weight > heaviest)
      say(
        ['weight'],
        `expected at most the weight of detectors.sequence (${heaviest}), got ${sequence.weight}`,
      );
    if (sequence.within !== undefined && sequence.within >= idleMs)
      say(['within'], 'expected less than idle, after which the agent is forgotten');
    positions += happeningOf(sequence).reduce((sum, { times }) => sum + times, 0);
    brokenShape(sequence, say);
    sequence.steps.forEach((step, number) => {
      brokenStep(sequence, step, number, idleMs, (below, message) =>
        say(['steps', number, ...below], message),
      );
    });
  });
  if (positions > SEQUENCE_LIMITS.allPositions) {
    const message = `expected at most ${SEQUENCE_LIMITS.allPositions} steps in all rules, repeated ones counted each time, got ${positions}`;
    broken.push({ path: ['sequences'], message });
  }
  return broken;
}

type Say = (below: PropertyKey[], message: string) => void;

function happeningOf({ steps }: Sequence): Step[] {
  return steps.filter(({ absent }) => !absent);
}

function brokenShape(sequence: Sequence, say: Say): void {
  const { steps } = sequence;
  const happening = happeningOf(sequence);
  const positions = happening.reduce((sum, { times }) => sum + times, 0);
  if (steps[0]?.absent)
    say(['steps', 0, 'absent'], 'expected a first step that happens: nothing can be absent before it');
  if (positions + (steps.at(-1)?.absent ? 1 : 0) < 2)
    say(['steps'], 'expected a second step, one that repeats, or one that must not be absent');
  if (happening.length > SEQUENCE_LIMITS.steps)
    say(
      ['steps'],
      `expected at most ${SEQUENCE_LIMITS.steps} steps that have to happen, got ${happening.length}`,
    );
  if (positions > SEQUENCE_LIMITS.positions)
    say(
      ['steps'],
      `expected at most ${SEQUENCE_LIMITS.positions} steps, repeated ones counted each time, got ${positions}`,
    );
  if (positions > 1 && sequence.within === undefined)
    say(['within'], 'expected a duration: a sequence without an end goes on for ever');
  const joined = new Set(steps.flatMap(({ sameValue }) => sameValue?.step ?? []));
  if (joined.size > 1)
    say(
      ['steps'],
      `expected sameValue to name one and the same step throughout, got ${[...joined].join(' and ')}`,
    );
}

function brokenStep({ steps }: Sequence, step: Step, at: number, idleMs: number, say: Say): void {
  const isLast = at === steps.length - 1;
  if (steps.findIndex(({ id }) => id === step.id) < at) say(['id'], `"${step.id}" is there twice`);
  if (step.absent && step.times > 1)
    say(['times'], 'expected none: what must be absent must be so from the first time on');
  if (step.absent && isLast && step.within === undefined)
    say(['within'], 'expected a duration: for how long after the step before it must be absent');
  if (step.absent && !isLast && steps.slice(at).every(({ absent }) => absent))
    say(['absent'], 'expected one absent step at the end, got several');
  if (step.within !== undefined && !(step.absent && isLast))
    say(
      ['within'],
      'expected none: only a last step that is absent has its own; the others share that of the rule',
    );
  if (step.within !== undefined && step.within >= idleMs)
    say(['within'], 'expected less than idle, after which the agent is forgotten');
  for (const key of step.activity === 'call' ? OF_RESULTS : OF_CALLS) {
    if (step[key] !== undefined)
      say([key], `only ${step.activity === 'call' ? 'results have' : 'calls have'} it; set activity`);
  }
  if (step.activity === 'result' && Object.keys(step.facts).length > 0)
    say(['facts'], 'only calls have it; set activity');
  if (step.sameValue !== undefined) brokenJoin(steps, step.sameValue.step, at, say);
}

function brokenJoin(steps: Step[], named: string, at: number, say: Say): void {
  const before = steps.slice(0, at).find(({ id }) => id === named);
  if (before === undefined) {
    const earlier = steps.slice(0, at).map(({ id }) => id);
    say(['sameValue'], `expected an earlier step (${earlier.join(', ') || 'there is none'}), got "${named}"`);
  } else if (before.absent) say(['sameValue'], `"${named}" is absent, so it has no values`);
  else if (before.times > 1)
    say(['sameValue'], `"${named}" repeats, so it is not clear whose values are meant`);
}
