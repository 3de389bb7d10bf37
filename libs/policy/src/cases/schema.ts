/**
 * What a file of cases may say: `*.test.yaml` beside a policy, and the core's own under `test/cases/drift`.
 * `schemas/policy-test.schema.json` is generated from here for editors.
 */
import { EFFECTS, LEVELS, REQUEST_MOODS, RESPONSES, VALUE_KINDS } from '#activity/types';
import { z } from 'zod';
import { Duration } from '../duration.js';

const Text = z.string().min(1).max(4_096);
const Names = z.array(Text).max(128);
const ServerTool = z.string().regex(/^[^/]+\/.+$/, 'expected server/tool');

const Scope = z.strictObject({
  tools: Names.nullable().default(null).describe('Globs over tool or server/tool'),
  effects: z.array(z.enum(EFFECTS)).nullable().default(null),
  resources: Names.nullable().default(null).describe('Globs over the plain resource'),
  destinations: Names.nullable().default(null).describe('Addresses, accounts … in plain words'),
  dataClasses: Names.nullable().default(null),
  estimated: z.boolean().default(false),
});

const Value = z
  .union([
    Text,
    z.strictObject({
      value: Text.describe('The address, account, URL, path, id, amount or name itself'),
      kind: z.enum(VALUE_KINDS).optional().describe('Told from the value where it is absent'),
      from: z.enum(['field', 'prose']).default('field').describe('Where in a result it stood'),
      imperative: z
        .boolean()
        .default(false)
        .describe('The sentence around it tells the reader to do something'),
      author: Text.optional().describe('Who wrote the record it stood in'),
      at: z.string().max(128).default('').describe('Name of the argument, or JSON pointer'),
    }),
  ])
  .describe('Something that can be followed from call to call');

const Asked = z
  .union([
    Text,
    z.strictObject({
      tool: Text,
      mood: z.enum(REQUEST_MOODS).default('imperative'),
      object: z.boolean().default(true).describe('What the tool works on is named too'),
      author: Text.optional().describe('Who wrote the record it stood in'),
    }),
  ])
  .describe('A tool that the text asks for');

/** Every step may say when and for whom. */
const Anywhere = {
  after: Duration.optional().describe('Time that passes before this step, besides the usual three seconds'),
  instance: Text.optional().describe('The gateway instance that reports it'),
  gateway: Text.optional().describe('The gateway that reports it'),
};
const Where = {
  ...Anywhere,
  task: Text.optional(),
  conversation: Text.optional(),
  principal: Text.optional(),
  actors: Names.optional().describe('Delegation chain, acting now first'),
};
const Values = z.array(Value).max(128).optional();

export const Call = z.strictObject({
  call: ServerTool,
  effect: z
    .enum(EFFECTS)
    .optional()
    .describe('What the catalogue or the name of the tool says, where absent'),
  arguments: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Seen as a gateway sees them: values, classes, resource, destination and facts follow'),
  resource: z.string().max(512).optional(),
  to: z.enum(['internal', 'external', 'unknown']).optional().describe('Where it goes'),
  recipient: Text.optional().describe('To whom; the same text is the same recipient'),
  classes: Names.optional(),
  values: Values,
  facts: z.record(Text, z.union([z.string(), z.number(), z.boolean()])).optional(),
  toolDigest: Text.optional().describe('Digest of the definition that the agent saw'),
  argumentsBytes: z.int().min(0).optional(),
  uncatalogued: z.boolean().optional(),
  refused: z.enum(['assessed', 'revocation', 'task', 'fail-mode', 'limit']).optional(),
  times: z.int().min(1).max(100_000).default(1),
  ...Where,
});
export type Call = z.output<typeof Call>;

export const Result = z.strictObject({
  result: ServerTool,
  content: z
    .unknown()
    .optional()
    .describe('Text or JSON, seen as a gateway sees it: values and classes follow'),
  classes: Names.optional(),
  trust: z.enum(['own', 'third-party', 'unknown']).optional(),
  values: Values,
  asks: z.array(Asked).max(32).optional().describe('Tools that its text asks for'),
  outcome: z.enum(['ok', 'error', 'unknown', 'withheld', 'cancelled']).default('ok'),
  resultBytes: z.int().min(0).optional(),
  records: z.int().min(0).optional(),
  times: z.int().min(1).max(100_000).default(1),
  ...Where,
});
export type Result = z.output<typeof Result>;

export const Start = z.strictObject({
  starts: Text.describe('Id of a task that is approved'),
  intent: z.string().max(4_096).optional().describe('Seen as the authority sees it: its values follow'),
  values: Values.describe('What the intent names'),
  kind: z.string().max(64).optional().describe('Kind of task, as budgets name it'),
  scope: Scope.nullable().default(null),
  minutes: z.number().gt(0).default(60).describe('Until it expires'),
  parent: Text.optional(),
  principal: Text.optional(),
  actors: Names.optional(),
  ...Anywhere,
});
export type Start = z.output<typeof Start>;

export const End = z.strictObject({
  ends: Text,
  outcome: z.enum(['completed', 'cancelled', 'expired']).default('completed'),
  ...Anywhere,
});
export const Check = z.strictObject({
  check: z.enum(['passed', 'failed']),
  task: Text,
  shown: Names.optional().describe('Keys of the evidence shown; all of it where absent'),
  ...Anywhere,
});
export const Lift = z.strictObject({ lifts: z.literal('the last revocation'), ...Anywhere });
export const Lists = z.strictObject({
  lists: Text.describe('A server whose tools the agent lists'),
  tools: z.record(Text, Text).describe('Tool to digest of its definition'),
  ...Anywhere,
});
export const Wait = z.strictObject({ wait: Duration });
export const WaitMinutes = z.strictObject({ waitMinutes: z.number().min(0) });

const Step = z.union([Call, Result, Start, End, Check, Lift, Lists, Wait, WaitMinutes]);
export type Step = z.output<typeof Step>;

const Expectation = z
  .strictObject({
    allowed: z.boolean().optional().describe('Of a call: judged before it runs'),
    refused: z.boolean().optional().describe('The opposite of allowed'),
    reason: z.string().optional().describe('Stable code of a refusal'),
    response: z.enum(RESPONSES).optional().describe('What refuses the call'),
    retryable: z.boolean().optional(),
    level: z.enum(LEVELS).optional(),
    risk: z.tuple([z.number(), z.number()]).optional().describe('Bounds of the risk, both included'),
    evidence: Names.optional().describe('Beginnings of the kinds yielded, all of them, in order'),
    includes: Names.optional().describe('Beginnings of kinds that are among those yielded'),
    excludes: Names.optional().describe('Beginnings of kinds that none of those yielded has'),
    alerts: Names.optional().describe(
      '`elevated`, `high observed` …: the level of each alert, all of them, in order',
    ),
    commands: Names.optional().describe(
      '`revoke context-check`, `lift`, `alert elevated`, all of them, in order',
    ),
    observed: z.boolean().optional().describe('Every alert says that it was only observed'),
    explains: z.string().optional().describe('Some explanation contains this'),
  })
  .refine((said) => Object.keys(said).length > 0, 'expected at least one expectation');
export type Expectation = z.output<typeof Expectation>;

export const Case = z.strictObject({
  title: Text,
  agent: Text.optional().describe('SPIFFE ID'),
  tenant: Text.optional(),
  given: z.array(Step).max(10_000).default([]).describe('What happened before'),
  when: Step.describe('What happens now'),
  expect: Expectation,
});
export type Case = z.output<typeof Case>;

export const CaseFile = z.strictObject({
  about: Text.describe('What these cases are about'),
  for: Text.optional().describe('The policy, relative to this file; without it x.yaml for x.test.yaml'),
  begins: z
    .string()
    .regex(
      /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}Z)?$/,
      'expected a day like 2026-01-05, or a moment like 2026-01-05T09:00Z',
    )
    .refine((text) => !Number.isNaN(Date.parse(text)), 'expected a day that there is')
    .default('2026-01-05T09:00Z')
    .describe('When each case begins (UTC): exceptions and times of day are judged by it'),
  policy: z.record(z.string(), z.unknown()).optional().describe('Keys that lie over those of the policy'),
  cases: z.array(Case).min(1).max(10_000),
});
export type CaseFile = z.output<typeof CaseFile>;
