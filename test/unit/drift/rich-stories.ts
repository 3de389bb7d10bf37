/**
 * Random stories that give every detector something to see: tasks with intents, parents and exposure, calls and results with
 * values, authors, requests and facts, tools whose definitions change, several gateways, principals and chains, and what
 * people say. Pools are small, so that things meet.
 */
import * as fc from 'fast-check';
import { EFFECTS, type Activity, type ActivityBase, type Request, type Value } from '#activity/types';
import { parsePolicy } from '#policy';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { deriveId } from '#drift';
import { START_MS } from './story.js';

const shipped = readFileSync(
  fileURLToPath(new URL('../../../assets/policy/default.yaml', import.meta.url)),
  'utf8',
);
const document = parse(shipped) as { detectors: Record<string, object> };

/** The shipped policy with every detector given something to do: a bait, rules over steps, agents in one place, low floors. */
export const EVERYTHING = parsePolicy(
  stringify({
    ...document,
    catalogue: { canaryResources: ['**/honey/**'] },
    detectors: {
      ...document.detectors,
      identity: { single: ['spiffe://acme.example/**', 'spiffe://acme.example/*'] },
      rate: { burst: 12, loop: 5, calls: 20, targets: 4, bytesOut: 4096, bytesIn: 16384, records: 60 },
      'approval-gap': { threshold: 0.3, renewalDue: 0.2 },
    },
    sequences: [
      {
        id: 'secret-out',
        title: 'Credentials were read and something left',
        within: '1h',
        steps: [
          { id: 'reading', activity: 'result', dataClass: 'credential' },
          { id: 'out', effect: ['send', 'execute'] },
        ],
      },
      {
        id: 'followed',
        title: 'A value from foreign text was used',
        of: 'agent',
        within: '2h',
        steps: [
          { id: 'reading', activity: 'result', trust: 'third-party' },
          { id: 'using', effect: ['write', 'send'], sameValue: 'reading' },
        ],
      },
    ],
  }),
  'everything.yaml',
);

const TASKS = ['t1', 't2', 't3'];
const INSTANCES = ['a1', 'a2', 'b1'];
const CLASSES = ['public', 'internal', 'pii', 'phi', 'credential', 'restricted'];
const PRINTS = Array.from({ length: 6 }, (_, i) => `${i + 1}a`.padStart(16, '0'));
const AUTHORS = ['00000000000000d1', '00000000000000d2'];
const TOOLS = [
  'files/read_text_file',
  'files/write_file',
  'mail/send_email',
  'vault/read_secret',
  'shop/pay',
  'new/thing',
];
const CHAINS = [
  [],
  ['spiffe://acme.example/agent/x', 'spiffe://acme.example/planner'],
  ['spiffe://acme.example/other'],
];

const task = fc.option(fc.constantFrom(...TASKS), { nil: null });
const classes = fc.subarray(CLASSES, { maxLength: 3 });
const trust = fc.constantFrom('own' as const, 'third-party' as const, 'unknown' as const);
const value = (...standings: Value['standing'][]) =>
  fc.record({
    kind: fc.constantFrom('email' as const, 'account' as const, 'url' as const, 'name' as const),
    print: fc.constantFrom(...PRINTS),
    standing: fc.constantFrom(...standings),
    at: fc.constantFrom('', 'to', 'body'),
    imperative: fc.boolean(),
    author: fc.option(fc.constantFrom(...AUTHORS), { nil: null }),
  });
const values = (...standings: Value['standing'][]) => fc.array(value(...standings), { maxLength: 4 });
const request: fc.Arbitrary<Request> = fc.record({
  tool: fc.constantFrom('write_file', 'send_email', 'pay'),
  mood: fc.constantFrom('imperative' as const, 'due' as const, 'mentioned' as const),
  object: fc.boolean(),
  author: fc.option(fc.constantFrom(...AUTHORS), { nil: null }),
});
const tool = fc.constantFrom(...TOOLS).map((name) => {
  const [server, tool] = name.split('/') as [string, string];
  return { server, tool };
});
const callId = fc.constantFrom('c1', 'c2', 'c3');

const call = fc.record({
  type: fc.constant('ToolCall' as const),
  task,
  of: tool,
  callId,
  effect: fc.constantFrom(...EFFECTS),
  resource: fc.constantFrom(
    null,
    '/data/reports/q3.md',
    '/data/reports/q4.md',
    '/data/secrets/key',
    '/data/honey/pot',
  ),
  destination: fc.option(
    fc.record({
      place: fc.constantFrom('internal' as const, 'external' as const, 'unknown' as const),
      print: fc.constantFrom(...PRINTS),
    }),
    { nil: null },
  ),
  dataClasses: classes,
  values: values('argument'),
  uncatalogued: fc.boolean(),
  basis: fc.constantFrom('passed' as const, 'assessed' as const, 'revocation' as const, 'task' as const),
  refused: fc.boolean(),
  toolDigest: fc.constantFrom(null, 'd1', 'd2'),
  argumentsBytes: fc.constantFrom(10, 200, 5_000),
});
const result = fc.record({
  type: fc.constant('ToolResult' as const),
  task,
  of: tool,
  callId,
  trust,
  dataClasses: classes,
  outcome: fc.constantFrom('ok' as const, 'ok' as const, 'error' as const, 'withheld' as const),
  values: values('field', 'prose'),
  valuesDropped: fc.constantFrom(0, 0, 0, 7),
  requests: fc.array(request, { maxLength: 2 }),
  resultBytes: fc.constantFrom(10, 900, 20_000),
  records: fc.constantFrom(0, 3, 80),
});
const started = fc.record({
  type: fc.constant('TaskStarted' as const),
  task: fc.constantFrom(...TASKS),
  parentTask: task,
  kind: fc.constantFrom(null, 'invoices'),
  scope: fc.option(
    fc.record({
      tools: fc.constantFrom<string[] | null>(null, ['read_*', 'write_file']),
      effects: fc.option(fc.subarray([...EFFECTS]), { nil: null }),
      resources: fc.constantFrom<string[] | null>(null, ['**/reports/**']),
      destinations: fc.constantFrom<string[] | null>(null, PRINTS.slice(0, 2)),
      dataClasses: fc.constantFrom<string[] | null>(null, ['internal', 'pii']),
      estimated: fc.boolean(),
    }),
    { nil: null },
  ),
  intentValues: values('intent'),
  intentEffects: fc.subarray([...EFFECTS], { maxLength: 2 }),
  intentActions: fc.subarray(['send', 'pay', 'delete'], { maxLength: 2 }),
  intentAuthors: fc.subarray(AUTHORS),
  intentDelegates: fc.boolean(),
  exposure: fc.array(
    fc.constantFrom(
      { what: 'class' as const, name: 'credential', at: START_MS },
      { what: 'trust' as const, name: 'third-party', at: START_MS },
      { what: 'out' as const, name: 'outside', at: START_MS },
    ),
    { maxLength: 2 },
  ),
  minutes: fc.integer({ min: 1, max: 600 }),
});
const listed = fc.record({
  type: fc.constant('ToolsListed' as const),
  server: fc.constantFrom('files', 'mail'),
  digest: fc.constantFrom('d1', 'd2'),
});
const ended = fc.record({ type: fc.constant('TaskEnded' as const), task: fc.constantFrom(...TASKS) });
const checked = fc.record({
  type: fc.constant('ContextChecked' as const),
  task: fc.constantFrom(...TASKS),
  outcome: fc.constantFrom('passed' as const, 'passed' as const, 'failed' as const),
});
const lifted = fc.record({
  type: fc.constant('RevocationLifted' as const),
  rule: fc.constantFrom('task-high', 'task-critical', 'agent-high'),
  task: fc.constantFrom(...TASKS, ''),
});
const judged = fc.record({
  type: fc.constant('VerdictGiven' as const),
  task: fc.constantFrom(...TASKS),
  verdict: fc.constantFrom('confirmed' as const, 'false-positive' as const),
  scope: fc.constantFrom('task' as const, 'agent' as const),
  minutes: fc.integer({ min: 1, max: 120 }),
});

const who = fc.record({
  principal: fc.constantFrom('dana', 'erin', null),
  conversation: fc.constantFrom('a', 'b', null),
  instance: fc.constantFrom(...INSTANCES),
  actors: fc.constantFrom(...CHAINS),
});
const SHORT_MS = 20_000;
const LONG_MS = 3 * 3_600_000;
/** Mostly short waits, now and then one up to `maxMs`. */
const gaps = (maxMs: number) =>
  fc.oneof(
    { weight: 10, arbitrary: fc.integer({ min: 0, max: Math.min(SHORT_MS, maxMs) }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: maxMs }) },
  );
const agents = [
  { weight: 8, arbitrary: call },
  { weight: 6, arbitrary: result },
  { weight: 4, arbitrary: started },
  { weight: 1, arbitrary: listed },
  { weight: 1, arbitrary: ended },
];
const people = [
  { weight: 1, arbitrary: checked },
  { weight: 1, arbitrary: lifted },
  { weight: 1, arbitrary: judged },
];

/** Of agents and orchestrators alone: nobody with a name looks at it. */
export const unwatched = (maxLength: number, maxGapMs = LONG_MS) =>
  stories(maxLength, fc.oneof(...agents), maxGapMs);
/** With checks, lifts and verdicts in between. */
export const watched = (maxLength: number) => stories(maxLength, fc.oneof(...agents, ...people), LONG_MS);

type Thing =
  typeof call extends fc.Arbitrary<infer C>
    ? | C
      | (typeof result extends fc.Arbitrary<infer T> ? T : never)
      | (typeof started extends fc.Arbitrary<infer T> ? T : never)
      | (typeof listed extends fc.Arbitrary<infer T> ? T : never)
      | (typeof ended extends fc.Arbitrary<infer T> ? T : never)
      | (typeof checked extends fc.Arbitrary<infer T> ? T : never)
      | (typeof lifted extends fc.Arbitrary<infer T> ? T : never)
      | (typeof judged extends fc.Arbitrary<infer T> ? T : never)
    : never;

function stories(maxLength: number, thing: fc.Arbitrary<Thing>, maxGapMs: number): fc.Arbitrary<Activity[]> {
  return fc.array(fc.tuple(thing, who, gaps(maxGapMs)), { minLength: 1, maxLength }).map((steps) => {
    let now = START_MS;
    const counters = new Map<string, number>();
    const story: Activity[] = [];
    steps.forEach(([one, { instance, ...from }, gap], index) => {
      now += gap;
      const sequence = (counters.get(instance) ?? 0) + 1;
      counters.set(instance, sequence);
      const base: ActivityBase = {
        ...from,
        instance,
        source: `gateway/${instance.charAt(0)}`,
        id: `${instance}-${index}`,
        tenant: 'acme',
        agent: 'spiffe://acme.example/agent/x',
        assurance: 'verified',
        time: now,
        sequence,
        pending: false,
        task: null,
      };
      story.push(asActivity(base, one, story.at(-1)?.id ?? ''));
    });
    return story;
  });
}

const BY = { by: 'dana', reason: 'looked at it' };
function asActivity(base: ActivityBase, one: Thing, previous: string): Activity {
  switch (one.type) {
    case 'ToolCall': {
      const { of, refused, ...rest } = one;
      return {
        ...base,
        ...rest,
        ...of,
        method: 'tools/call',
        effectSource: 'catalogue',
        facts: [],
        valuesDropped: 0,
        decision: refused ? 'refused' : 'allowed',
        reason: '',
        revocation: null,
        policy: '',
      };
    }
    case 'ToolResult': {
      const { of, ...rest } = one;
      return { ...base, ...rest, ...of, durationMs: 5 };
    }
    case 'TaskStarted': {
      const { minutes, ...rest } = one;
      const expiresAt = base.time + minutes * 60_000;
      return { ...base, ...rest, intent: '', intentTopics: [], expiresAt };
    }
    case 'ToolsListed': {
      const { server, digest, type } = one;
      return { ...base, type, server, tools: [{ name: 'write_file', digest }] };
    }
    case 'TaskEnded':
      return { ...base, ...one, outcome: 'completed', by: 'dana' };
    case 'ContextChecked':
      return { ...base, ...one, ...BY, evidence: keysOf(one.task) };
    case 'RevocationLifted': {
      const { rule, task, type } = one;
      return { ...base, type, ...BY, revocation: deriveId(previous, `${rule}/${task}`) };
    }
    case 'VerdictGiven': {
      const { minutes, ...rest } = one;
      const until = base.time + minutes * 60_000;
      return { ...base, ...rest, ...BY, alert: 'alert', until, evidence: keysOf(one.task) };
    }
  }
}

/** What somebody may have been shown: kinds that come up often. */
function keysOf(task: string): string[] {
  const kinds = [
    'data-class/credential',
    'exposure/credential',
    'refusals',
    'identity/principal',
    'escalation/scope/send',
  ];
  return kinds.map((kind) => `${kind}@${task}`);
}
