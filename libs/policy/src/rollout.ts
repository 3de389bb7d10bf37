/**
 * What is enforced where, and for whom not: `tiers:`, `exceptions:` and `budgets:` of the policy document. Their schema,
 * how they are compiled, and the rules that join several of their keys.
 */
import { EFFECTS } from '#activity/types';
import type { Budget, Exception, FactCondition, Tier } from '#drift';
import { z } from 'zod';
import { nearestOf } from './nearest.js';

/** A list of one may be written without brackets. */
const some = <T extends z.ZodType>(item: T) =>
  z
    .union([item, z.array(item).min(1).max(64)])
    .transform((one) => (Array.isArray(one) ? one : [one]) as z.output<T>[]);

const Id = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'expected a name of a-z, 0-9 and -, at most 40 characters');
const Glob = z.string().min(1).max(256);
const Name = z.string().min(1).max(64);
const Person = z.string().min(1).max(256);
const Reason = z.string().min(1).max(1_024);

const FactValue = z.union([z.string().max(256), z.number(), z.boolean()]);
const Range = z
  .strictObject({ min: z.number().optional(), max: z.number().optional() })
  .refine(({ min, max }) => min !== undefined || max !== undefined, 'expected min, max or both')
  .refine(({ min = -Infinity, max = Infinity }) => min <= max, 'expected min to be at most max');
export const FactConditions = z
  .record(z.string().min(1).max(128), z.union([FactValue, z.array(FactValue).min(1).max(64), Range]))
  .describe('By name as in the catalogue: a value, a list of values (texts are globs), or a range');
export type FactConditions = z.output<typeof FactConditions>;

export const Tiers = z
  .array(
    z.strictObject({
      id: Id,
      effect: some(z.enum(EFFECTS)).optional(),
      server: some(Glob).optional().describe('Globs; * stands for any run of characters'),
      tool: some(Glob).optional().describe('Globs over the tool, or over server/tool'),
      dataClass: some(Name).optional(),
      facts: FactConditions.optional().describe('Of calls only'),
      mode: z.enum(['enforce', 'observe']),
    }),
  )
  .max(64);
type Tiers = z.output<typeof Tiers>;

const DAY_MS = 86_400_000;
/** A day counts to its end, UTC. */
const Expiry = z
  .string()
  .regex(
    /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/,
    'expected the last day, like 2026-09-30, or a moment, like 2026-09-30T18:00Z',
  )
  .refine((text) => isDate(text), 'expected a day that there is')
  .describe('The last day that it excuses (UTC), or a moment');

export const Exceptions = z
  .array(
    z.strictObject({
      id: Id,
      owner: Person.describe('Who answers for it'),
      reason: Reason.describe('Why what it excuses is right'),
      expires: Expiry,
      detector: some(z.string().min(1).max(64)).optional(),
      kind: some(Glob).optional().describe('Globs over the kind of evidence, its key before the @'),
      tool: some(Glob).optional().describe('Globs over server/tool'),
      agent: some(z.string().min(1).max(2_048)).optional().describe('Globs over the SPIFFE ID'),
      tenant: some(Name).optional(),
      taskKind: some(Name).optional().describe('Kinds of declared tasks'),
    }),
  )
  .max(256);
type Exceptions = z.output<typeof Exceptions>;

export const Budgets = z
  .array(
    z.strictObject({
      tenant: Name.optional(),
      role: Name.optional(),
      kind: Name.optional().describe('Kind of declared task'),
      interruptOneIn: z
        .int()
        .min(2)
        .max(100_000)
        .describe('At most one in so many honest tasks is interrupted'),
    }),
  )
  .max(256);
type Budgets = z.output<typeof Budgets>;

function isDate(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text.slice(0, 10));
}

function expiresAt(text: string): number {
  return text.includes('T') ? Date.parse(text) : Date.parse(text) + DAY_MS;
}

export function compileTiers(tiers: Tiers): Tier[] {
  return tiers.map(({ id, effect, server, tool, dataClass, facts, mode }) => ({
    id,
    effects: effect ?? null,
    servers: server ?? null,
    tools: tool ?? null,
    dataClasses: dataClass ?? null,
    facts: compileFacts(facts ?? {}),
    mode,
  }));
}

export function compileFacts(facts: FactConditions): FactCondition[] {
  return Object.entries(facts).map(([name, wanted]) => {
    if (Array.isArray(wanted)) return { name, any: wanted, range: null };
    if (typeof wanted !== 'object') return { name, any: [wanted], range: null };
    return { name, any: null, range: { min: wanted.min ?? null, max: wanted.max ?? null } };
  });
}

export function compileExceptions(exceptions: Exceptions): Exception[] {
  return exceptions.map(({ id, owner, reason, expires, ...what }) => ({
    id,
    owner,
    reason,
    expires,
    expiresAt: expiresAt(expires),
    detectors: what.detector ?? null,
    kinds: what.kind ?? null,
    tools: what.tool ?? null,
    agents: what.agent ?? null,
    tenants: what.tenant ?? null,
    taskKinds: what.taskKind ?? null,
  }));
}

export function compileBudgets(budgets: Budgets): Budget[] {
  return budgets.map(({ tenant = null, role = null, kind = null, interruptOneIn }) => ({
    tenant,
    role,
    kind,
    interruptOneIn,
  }));
}

interface Broken {
  path: PropertyKey[];
  message: string;
}

interface Parts {
  tiers: Tiers;
  exceptions: Exceptions;
  budgets: Budgets;
  detectors: object;
  roles?: { name: string }[] | undefined;
}

/** What the schema cannot say of them. */
export function brokenRollout({ tiers, exceptions, budgets, detectors, roles = [] }: Parts): Broken[] {
  return [
    ...twice('tiers', tiers),
    ...twice('exceptions', exceptions),
    ...exceptions.flatMap((exception, at) => brokenException(exception, at, Object.keys(detectors))),
    ...brokenBudgets(
      budgets,
      roles.map(({ name }) => name),
    ),
  ];
}

function brokenException(exception: Exceptions[number], at: number, detectors: string[]): Broken[] {
  const path = ['exceptions', at];
  const broken = (exception.detector ?? []).flatMap((name) =>
    detectors.includes(name)
      ? []
      : [
          {
            path: [...path, 'detector'],
            message: `no detector is called "${name}"${nearestOf(detectors, name)}`,
          },
        ],
  );
  if (exception.detector === undefined && exception.kind === undefined) {
    broken.push({ path, message: 'expected detector or kind: what is excused has to be said' });
  }
  return broken;
}

function brokenBudgets(budgets: Budgets, roles: string[]): Broken[] {
  const whose = budgets.map(({ tenant, role, kind }) => JSON.stringify([tenant, role, kind]));
  return budgets.flatMap(({ role }, at) => {
    const broken: Broken[] = [];
    if (whose.indexOf(whose[at] as string) < at)
      broken.push({
        path: ['budgets', at],
        message: 'a budget for the same tenant, role and kind is there already',
      });
    if (role !== undefined && !roles.includes(role))
      broken.push({
        path: ['budgets', at, 'role'],
        message: `no role is called "${role}"${nearestOf(roles, role)}`,
      });
    return broken;
  });
}

function twice(key: string, entries: { id: string }[]): Broken[] {
  const ids = entries.map(({ id }) => id);
  return ids.flatMap((id, at) =>
    ids.indexOf(id) < at ? [{ path: [key, at, 'id'], message: `"${id}" is there twice` }] : [],
  );
}
