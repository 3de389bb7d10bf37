/**
 * The policy document, as people write it in YAML. `compile.ts` makes it a `Policy`; `schemas/policy.schema.json` is
 * generated from here for editors. Every key but the name has a default: a policy says only what it means to change.
 */
import { EFFECTS, LEVELS, RESPONSES } from '#activity/types';
import { z } from 'zod';
import { Duration } from './duration.js';
import { EffectBy } from './effect-by.js';
import { Budgets, Exceptions, Tiers } from './rollout.js';
import { Sequences } from './sequences.js';

const Name = z.string().min(1).max(64);
const Weight = z.number().gt(0).max(1);
const Glob = z.string().min(1).max(256).describe('A name; * stands for any run of characters');
const Pointer = z
  .string()
  .regex(/^(\/[^/]{1,128}){1,16}$/, 'expected a JSON pointer like /path')
  .describe('JSON pointer into the arguments');
const Effect = z.enum(EFFECTS);
const Trust = z.enum(['own', 'third-party', 'unknown']).describe('Who writes what it returns');
const FACTS_MAX = 8;

const Tool = z.strictObject({
  effect: Effect.describe('What a call does'),
  effectBy: EffectBy.optional(),
  trust: Trust.optional(),
  dataClasses: z
    .array(Name)
    .max(32)
    .optional()
    .describe('What it returns or takes, instead of what its server says'),
  resource: Pointer.optional().describe('JSON pointer of the argument that names the resource'),
  secretResource: z.boolean().default(false).describe('Log the resource only as a fingerprint'),
  destination: Pointer.optional().describe('JSON pointer of the argument that names where it goes'),
  facts: z
    .record(Name, Pointer)
    .refine((facts) => Object.keys(facts).length <= FACTS_MAX, `expected at most ${FACTS_MAX} facts`)
    .default({})
    .describe('Numbers, enums or booleans among the arguments, by name, for rules'),
  canary: z.boolean().default(false).describe('A honeytoken: touching it is evidence by itself'),
});

const Server = z.strictObject({
  match: z.array(Glob).min(1).max(64).describe('Names of the servers this describes'),
  trust: Trust.default('unknown'),
  dataClasses: z.array(Name).max(32).default([]),
  tools: z.record(Glob, Tool).describe('By name; the most specific entry wins'),
});

const Catalogue = z.strictObject({
  internalDomains: z
    .array(z.string())
    .max(1_000)
    .default([])
    .describe('E-mail and URL domains that are inside'),
  internalAccounts: z.array(z.string()).max(1_000).default([]).describe('Account numbers that are inside'),
  canaryResources: z
    .array(z.string())
    .max(1_000)
    .default([])
    .describe('Globs over resources that are honeytokens'),
  servers: z.array(Server).max(1_000).default([]),
});

/** What every detector has; `weight` and `ceiling` as in the risk formula. */
const common = (
  weight: number,
  ceiling: number,
  halfLife: string,
  {
    mode = 'enforce',
    adds = 1,
    family,
  }: { mode?: 'enforce' | 'observe'; adds?: number; family?: string } = {},
) => ({
  mode: z
    .enum(['enforce', 'observe', 'off'])
    .default(mode)
    .describe('observe = everything happens except the enforcement'),
  weight: z
    .number()
    .gt(0)
    .lt(1)
    .default(weight)
    .describe('Heaviest that one piece of its evidence can weigh'),
  ceiling: z
    .number()
    .gt(0)
    .lt(1)
    .default(ceiling)
    .describe('Heaviest that all of its evidence together can weigh'),
  adds: z
    .number()
    .min(0)
    .max(1)
    .default(adds)
    .describe('What each further piece adds to the heaviest, of its own log-odds; 1 = all count in full'),
  family: (family === undefined ? Name.optional() : Name.default(family)).describe(
    'The detector that its evidence counts together with, under the ceiling and `adds` of that one',
  ),
  halfLife: Duration.prefault(halfLife).describe('After this long a piece of evidence counts half'),
});

const Bits = z.number().min(0).max(64);
const Halvings = z.number().min(0).max(16);
const Agents = z.array(Glob).max(256);
const Floor = z.number().min(2).max(1e15);

const Detectors = z.strictObject({
  scope: z
    .strictObject({
      ...common(0.62, 0.75, '30m'),
      estimatedShare: z
        .number()
        .min(0)
        .max(1)
        .default(0.2)
        .describe('Of its weight, for what is outside a scope that was estimated, not approved'),
    })
    .prefault({}),
  escalation: z
    .strictObject({
      ...common(0.45, 0.7, '30m'),
      matureCalls: z.number().min(1).max(100_000).default(30).describe('Calls before precedent counts'),
      minBits: Bits.default(4.5).describe('Surprise at which an effect counts as without precedent'),
    })
    .prefault({}),
  'data-class': z
    .strictObject({
      ...common(0.45, 0.48, '1h'),
      quietBits: Bits.default(3).describe('Surprise up to here says nothing'),
      loudBits: Bits.default(8).describe('Surprise from here on says all'),
      youngBits: Bits.default(8).describe(
        'Expected surprise of the most sensitive class while the profile is young',
      ),
      youngEvents: z
        .number()
        .gt(0)
        .max(10_000)
        .default(8)
        .describe('Events after which experience outweighs that'),
      guessedShare: z
        .number()
        .min(0)
        .max(1)
        .default(0.58)
        .describe('Of its weight in a declared task, while neither experience nor peers say what is usual'),
      minShare: z.number().min(0).max(1).default(0.1).describe('Lighter evidence is not kept'),
    })
    .prefault({}),
  exposure: z
    .strictObject({
      ...common(0.56, 0.7, '30m', { adds: 0.1, family: 'provenance' }),
      minSensitivity: z
        .number()
        .min(0)
        .max(1)
        .default(0.6)
        .describe('From here on data counts at a way out whoever wrote what was read'),
      minShare: z.number().min(0).max(1).default(0.15).describe('Lighter evidence is not kept'),
    })
    .prefault({}),
  provenance: z
    .strictObject({
      ...common(0.8, 0.85, '1h', { adds: 0.1 }),
      undeclaredShare: z
        .number()
        .min(0)
        .max(1)
        .default(0.5)
        .describe('Of the weight where nobody declared a task: there is no intent to hold a target against'),
    })
    .prefault({}),
  instruction: z
    .strictObject({
      ...common(0.85, 0.88, '1h', { adds: 0.1 }),
      undeclaredShare: z
        .number()
        .min(0)
        .max(1)
        .default(0.4)
        .describe('Of the weight where nobody declared a task: there is no intent that could have asked'),
      unaskedShare: z
        .number()
        .min(0)
        .max(1)
        .default(0.05)
        .describe('Of the weight for a call that no text asked for, and the intent has no word for either'),
    })
    .prefault({}),
  novelty: z
    .strictObject({
      ...common(0.6, 0.7, '1h'),
      newShare: z
        .number()
        .min(0)
        .max(1)
        .default(0.1)
        .describe('Share of the weight for what is new; a changed definition has all of it'),
      matureCalls: z
        .number()
        .min(1)
        .max(100_000)
        .default(40)
        .describe('Calls before the own past tells what is new'),
      matureTasks: z
        .number()
        .min(1)
        .max(1e9)
        .default(20)
        .describe("Peers' tasks before they tell what is unusual"),
      quietBits: Bits.default(6).describe('Surprise up to here says nothing'),
      loudBits: Bits.default(10).describe('Surprise from here on says all'),
    })
    .prefault({}),
  rate: z
    .strictObject({
      ...common(0.4, 0.45, '15m', { mode: 'observe' }),
      burst: Floor.default(200).describe('Calls, with those of the last minutes counted less and less'),
      loop: Floor.default(25).describe('Times the same call with the same values'),
      calls: Floor.default(1_000).describe('Calls in ten minutes, where nothing is known of what is usual'),
      targets: Floor.default(40).describe('Different destinations, or resources changed, likewise'),
      bytesOut: Floor.default(8 << 20).describe('Bytes of arguments, likewise'),
      bytesIn: Floor.default(64 << 20).describe('Bytes of results, likewise'),
      records: Floor.default(20_000).describe('Records in results, likewise'),
      factor: z
        .number()
        .min(1)
        .max(1_000)
        .default(4)
        .describe(
          'How many times a busy window of its own or its peers; an eighth of the above is let pass anyway',
        ),
      rise: z
        .number()
        .min(1)
        .max(15)
        .default(6)
        .describe('Deviations above the usual, summed up over windows'),
      matureWindows: z
        .number()
        .min(2)
        .max(32)
        .default(12)
        .describe('Windows before the own past tells what is usual'),
      matureTasks: z
        .number()
        .min(1)
        .max(1e9)
        .default(20)
        .describe("Peers' tasks before they tell what is usual"),
    })
    .prefault({}),
  'approval-gap': z
    .strictObject({
      ...common(0.05, 0.05, '1h'),
      threshold: z
        .number()
        .gt(0)
        .lt(1)
        .default(0.75)
        .describe('Gap from which on a call that is not a read is evidence'),
      renewalDue: z.number().gt(0).lt(1).default(0.6).describe('Gap from which on a context check is due'),
      halfTime: Duration.prefault('4h').describe('Time that halves the distance left to a gap of 1'),
      halfCalls: z.number().min(1).max(1e6).default(80).describe('Calls that do'),
      perEffect: Halvings.default(0.2).describe('Halvings for each new effect but reads'),
      perContent: Halvings.default(0.3).describe(
        'For content that others write; half where that is not known',
      ),
      perServer: Halvings.default(0.1).describe('For each server'),
      perClass: Halvings.default(0.15).describe('For each new sensitive data class'),
    })
    .prefault({})
    .describe('How far a task may move from its last approval'),
  identity: z
    .strictObject({
      ...common(0.45, 0.6, '1h'),
      single: Agents.default([]).describe('Agents that may be active from one gateway instance at a time'),
      verified: Agents.default([]).describe('Names that must be verified: merely claiming one is evidence'),
      window: Duration.prefault('10m').describe('Two instances used in turn within this are used at once'),
    })
    .prefault({}),
  afterlife: z.strictObject(common(0.4, 0.6, '30m')).prefault({}),
  refusals: z
    .strictObject({
      ...common(0.25, 0.25, '10m'),
      run: z
        .number()
        .min(2)
        .max(1_000)
        .default(6)
        .describe('Refused or failed calls within minutes that make a run'),
    })
    .prefault({}),
  sequence: z
    .strictObject(common(0.8, 0.85, '30m'))
    .prefault({})
    .describe('Rules under `sequences`; weight = the heaviest that one of them may weigh'),
  canary: z.strictObject(common(0.95, 0.99, '4h')).prefault({}),
});

const Risk = z.number().min(1).max(100);
const Levels = z.strictObject({
  elevated: Risk.default(25),
  high: Risk.default(55),
  critical: Risk.default(90),
  hysteresis: z.number().min(0).max(50).default(8).describe('A level ends this far below where it begins'),
});

const Response = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'expected a name of a-z, 0-9 and -'),
  of: z.enum(['task', 'agent']).describe('Whose level'),
  level: z.enum(LEVELS).exclude(['normal']),
  response: z.enum(RESPONSES),
  effects: z
    .array(Effect)
    .min(1)
    .optional()
    .describe('What a context-check or restrict takes away; absent = all'),
  minTasks: z
    .int()
    .min(1)
    .max(16)
    .default(1)
    .describe('The evidence must come from at least this many tasks'),
  for: Duration.optional().describe('How long it lasts; required where something is taken away'),
  mode: z.enum(['enforce', 'observe']).default('enforce'),
});

const Role = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$/, 'expected letters, digits and . _ / -'),
  match: z
    .array(z.string().min(1).max(2_048))
    .min(1)
    .max(64)
    .describe('SPIFFE IDs or their paths: a prefix of whole segments, or a glob with * and **'),
  asserted: z
    .boolean()
    .default(false)
    .describe(
      'Also identities that nobody verified: whoever claims a name shares what is usual for its role',
    ),
});

/** More than these agents are sampled, so that a larger minimum would never be met. */
const GUARD_AGENTS_MAX = 500;
const FloodGuard = z.strictObject({
  window: Duration.prefault('1h').describe('Looked at together with the one before'),
  minAgents: z
    .int()
    .min(2)
    .max(GUARD_AGENTS_MAX)
    .default(20)
    .describe('Fewer agents that were active say nothing'),
  share: z.number().gt(0).max(1).default(0.3).describe('Of the active agents, on whom it fired'),
  response: z
    .enum(['report', 'observe'])
    .default('report')
    .describe('report = an alert; observe = also a policy is activated in which it only observes'),
});

export const PolicyDocument = z.strictObject({
  name: Name,
  roles: z
    .array(Role)
    .max(256)
    .optional()
    .describe('Kinds of agents; the first that matches an agent is its role. Agents of one role are peers'),
  baseline: z
    .string()
    .min(1)
    .max(4_096)
    .optional()
    .describe('File of `driftline baseline build`, relative to this one: what is usual in each role'),
  catalogue: Catalogue.prefault({}),
  ask: z
    .strictObject({
      effects: z.array(Effect).default(EFFECTS.filter((effect) => effect !== 'read')),
      readsWithAddress: z
        .boolean()
        .default(true)
        .describe('Also reads that go to an address or URL in their arguments'),
    })
    .prefault({})
    .describe('Calls that a gateway asks the authority about before they run'),
  dataClasses: z
    .record(Name, z.number().min(0).max(1))
    .default({})
    .describe('Sensitivity of data classes, 0 to 1'),
  detectors: Detectors.prefault({}),
  unusual: z
    .strictObject({
      ceiling: Weight.default(0.3).describe('Heaviest that all of it can weigh by itself'),
      beside: Weight.default(0.1).describe('Heaviest that all of it can add to other evidence'),
    })
    .prefault({})
    .describe(
      'What is only unusual in work that somebody declared: a class, tool or effect without precedent, a step outside an estimated scope, a stale approval. 1 = each counts in full',
    ),
  levels: Levels.prefault({}),
  responses: z.array(Response).max(64).default([]),
  tiers: Tiers.default([]).describe(
    'Where enforcement begins: the first that matches a call or result decides; what none speaks of is enforced',
  ),
  exceptions: Exceptions.default([]).describe('Evidence that somebody answers for until a day'),
  budgets: Budgets.default([]).describe(
    'How often honest work may be interrupted; `driftline policy calibrate` finds the thresholds',
  ),
  thresholds: z
    .string()
    .min(1)
    .max(4_096)
    .optional()
    .describe('File of `driftline policy calibrate`, relative to this one: levels by tenant, role and kind'),
  sequences: Sequences.default([]).describe('Rules over steps that follow one another'),
  floodGuard: FloodGuard.optional().describe(
    'What happens when a detector or sequence rule fires on so many agents that it says nothing about any of them',
  ),
  uncatalogued: z
    .enum(['observe', 'enforce'])
    .default('observe')
    .describe('Evidence on tools nobody catalogued'),
  idle: Duration.prefault('7d').describe('After this much idleness an agent starts afresh'),
  implicitTaskIdle: Duration.prefault('30m').describe('After this much idleness an undeclared task ends'),
  profileHalfLife: Duration.prefault('3d').describe('Half-life of what the profile has learned'),
  exposureHalfLife: Duration.prefault('30m').describe(
    'Half-life of what one undeclared task passes to the next',
  ),
  settled: Duration.prefault('24h').describe('How long lifted or checked evidence is not raised again'),
  keepIntent: z.boolean().default(true).describe('Whether the text of intents goes on the log'),
});
export type PolicyDocument = z.output<typeof PolicyDocument>;
