/** `effectBy` of a catalogued tool: its schema, how it is compiled, and the rules that join several of its keys. */
import { EFFECTS } from '#activity/types';
import type { EffectBy as Compiled } from '#drift';
import { HTTP_METHODS, SQL_VERBS } from '#observation';
import { z } from 'zod';
import { nearestOf } from './nearest.js';

/** More cases than this are a tool of many tools: list its effects by another argument, or as the worst. */
const CASES_MAX = 16;
const VALUES_MAX = 64;

const Effect = z.enum(EFFECTS);
const Value = z.union([z.string().max(256), z.number(), z.boolean()]);
const Case = z.strictObject({
  is: z
    .union([Value, z.array(Value).min(1).max(VALUES_MAX)])
    .transform((one) => (Array.isArray(one) ? one : [one]))
    .describe('A value or a list of them: equal, text with upper and lower case; or methods, or verbs'),
  effect: Effect,
});

export const EffectBy = z
  .strictObject({
    argument: z
      .string()
      .regex(/^(\/[^/]{1,128}){1,16}$/, 'expected a JSON pointer like /method')
      .describe('JSON pointer of the argument'),
    as: z
      .enum(['value', 'http-method', 'sql'])
      .default('value')
      .describe('How it is read: as it stands, as an HTTP method, or as SQL by the verbs of its statements'),
    cases: z.array(Case).min(1).max(CASES_MAX),
    absent: Effect.optional().describe('What a call does that does not give the argument'),
  })
  .describe(
    'What a call does by one of its arguments; what no case lists does the worst of `effect` and all that is listed',
  );
export type EffectBy = z.output<typeof EffectBy>;

export function compileEffectBy({ argument, as, cases, absent }: EffectBy): Compiled {
  return { pointer: argument, as, cases, absent: absent ?? null };
}

/** What the schema cannot say of it. Paths are relative to it. */
export function brokenEffectBy({ as, cases }: EffectBy): { path: PropertyKey[]; message: string }[] {
  const known = as === 'sql' ? SQL_VERBS : as === 'http-method' ? HTTP_METHODS : null;
  const seen = new Set<string | number | boolean>();
  return cases.flatMap(({ is }, at) =>
    is.flatMap((value) => {
      const path = ['cases', at, 'is'];
      const again = seen.has(value);
      seen.add(value);
      if (again) return [{ path, message: `${JSON.stringify(value)} is there twice` }];
      if (known === null || known.includes(String(value))) return [];
      const what = as === 'sql' ? 'a verb of SQL' : 'an HTTP method';
      const meant = typeof value === 'string' ? nearestOf(known, value) : '';
      return [{ path, message: `expected ${what} in capitals, got ${JSON.stringify(value)}${meant}` }];
    }),
  );
}
