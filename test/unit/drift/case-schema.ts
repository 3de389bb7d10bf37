/** What a file under `test/cases/drift` may say; anything else is a mistake in the case. */
import { z } from 'zod';
import { EFFECTS, LEVELS, RESPONSES } from '#activity/types';

const Scope = z.strictObject({
  tools: z.array(z.string()).nullable().default(null),
  effects: z.array(z.enum(EFFECTS)).nullable().default(null),
  resources: z.array(z.string()).nullable().default(null),
  destinations: z.array(z.string()).nullable().default(null),
  dataClasses: z.array(z.string()).nullable().default(null),
});

const Where = {
  task: z.string().optional(),
  conversation: z.string().optional(),
  principal: z.string().optional(),
};

const Call = z.strictObject({
  call: z.string().regex(/^[^/]+\/[^/]+$/, 'expected server/tool'),
  effect: z.enum(EFFECTS).default('read'),
  resource: z.string().optional(),
  to: z.enum(['internal', 'external', 'unknown']).optional(),
  classes: z.array(z.string()).optional(),
  uncatalogued: z.boolean().optional(),
  refused: z.enum(['assessed', 'revocation', 'task', 'fail-mode', 'limit']).optional(),
  times: z.int().min(1).default(1),
  ...Where,
});
const Result = z.strictObject({
  result: z.string().regex(/^[^/]+\/[^/]+$/, 'expected server/tool'),
  classes: z.array(z.string()).default(['internal']),
  trust: z.enum(['own', 'third-party', 'unknown']).default('own'),
  outcome: z.enum(['ok', 'error', 'withheld']).default('ok'),
  ...Where,
});
const Step = z.union([
  Call,
  Result,
  z.strictObject({
    starts: z.string(),
    scope: Scope.nullable().default(null),
    minutes: z.number().default(60),
  }),
  z.strictObject({ ends: z.string() }),
  z.strictObject({
    check: z.enum(['passed', 'failed']),
    task: z.string(),
    shown: z.array(z.string()).optional(),
  }),
  z.strictObject({ lifts: z.literal('the last revocation') }),
  z.strictObject({ waitMinutes: z.number().min(0) }),
]);
export type Step = z.output<typeof Step>;

export const Case = z.strictObject({
  title: z.string(),
  given: z.array(Step).default([]),
  when: Step,
  expect: z.strictObject({
    allowed: z.boolean().optional().describe('Of a call: judged before it runs'),
    reason: z.string().optional(),
    response: z.enum(RESPONSES).optional(),
    retryable: z.boolean().optional(),
    level: z.enum(LEVELS).optional(),
    risk: z.tuple([z.number(), z.number()]).optional().describe('Bounds of the risk, both included'),
    evidence: z.array(z.string()).optional().describe('Beginnings of the kinds yielded, all of them'),
    commands: z
      .array(z.string())
      .optional()
      .describe('`revoke context-check`, `lift`, `alert elevated`, all of them'),
    observed: z.boolean().optional().describe('Every alert says that it was only observed'),
    explains: z.string().optional().describe('Some explanation contains this'),
  }),
});
export type Case = z.output<typeof Case>;

export const CaseFile = z.strictObject({
  about: z.string(),
  policy: z.record(z.string(), z.unknown()).optional(),
  cases: z.array(Case).min(1),
});
