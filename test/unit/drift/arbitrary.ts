/** Random activity of one agent, small enough to collide often: few tasks, tools, classes and instances. */
import * as fc from 'fast-check';
import { EFFECTS, REQUEST_MOODS, type Activity } from '#activity/types';
import { START_MS } from './story.js';

const TASKS = ['t1', 't2', 't3'];
const CLASSES = ['public', 'internal', 'pii', 'phi', 'credential', 'restricted'];
const task = fc.option(fc.constantFrom(...TASKS), { nil: null });
const base = fc.record({
  principal: fc.constantFrom('dana', 'erin', null),
  conversation: fc.constantFrom('a', 'b', 'c', null),
  instance: fc.constantFrom('a1', 'b1'),
});
const tool = fc.constantFrom(
  'files/read_text_file',
  'files/write_file',
  'mail/send_email',
  'vault/read_secret',
  'new/thing',
);
const classes = fc.subarray(CLASSES, { maxLength: 3 });

const call = fc.record({
  kind: fc.constant('call' as const),
  task,
  tool,
  effect: fc.constantFrom(...EFFECTS),
  resource: fc.constantFrom(null, '/data/reports/q3.md', '/data/secrets/key', '/data/honey/pot'),
  place: fc.constantFrom(null, 'internal' as const, 'external' as const),
  classes,
  uncatalogued: fc.boolean(),
  basis: fc.constantFrom('passed' as const, 'assessed' as const, 'revocation' as const, 'task' as const),
  refused: fc.boolean(),
});
const result = fc.record({
  kind: fc.constant('result' as const),
  task,
  tool,
  classes,
  trust: fc.constantFrom('own' as const, 'third-party' as const, 'unknown' as const),
  outcome: fc.constantFrom('ok' as const, 'error' as const, 'withheld' as const),
  requests: fc.array(
    fc.record({
      tool: tool.map((name) => name.slice(name.indexOf('/') + 1)),
      mood: fc.constantFrom(...REQUEST_MOODS),
      object: fc.boolean(),
      author: fc.constantFrom(null, '00000000000000a1'),
    }),
    { maxLength: 3 },
  ),
});
const started = fc.record({
  kind: fc.constant('started' as const),
  task: fc.constantFrom(...TASKS),
  effects: fc.option(fc.subarray([...EFFECTS]), { nil: null }),
  resources: fc.constantFrom(null, ['**/reports/**']),
  minutes: fc.integer({ min: 1, max: 600 }),
});
const ended = fc.record({ kind: fc.constant('ended' as const), task: fc.constantFrom(...TASKS) });
const checked = fc.record({
  kind: fc.constant('checked' as const),
  task: fc.constantFrom(...TASKS, 'implicit/'),
  outcome: fc.constantFrom('passed' as const, 'failed' as const),
});
const gapMs = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 10_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -60_000, max: 5 * 3_600_000 }) },
);

const step = fc.tuple(
  fc.oneof({ weight: 6, arbitrary: call }, { weight: 4, arbitrary: result }, started, ended, checked),
  base,
  gapMs,
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Activities as a log would have them: numbered per instance without gaps, times mostly rising. */
export const activities = (maxLength: number) => fc.array(step, { minLength: 1, maxLength }).map(numbered);

function numbered(steps: Step[]): Activity[] {
  let now = START_MS;
  const counters = new Map<string, number>();
  return steps.map(([what, who, gap], index) => {
    now += gap;
    const sequence = (counters.get(who.instance) ?? 0) + 1;
    counters.set(who.instance, sequence);
    const common = {
      ...who,
      id: `${who.instance}-${index}`,
      tenant: 'acme',
      agent: 'spiffe://acme.example/agent/x',
      assurance: 'verified' as const,
      actors: [],
      time: now,
      source: 'gateway/a',
      sequence,
      pending: false,
    };
    return activity(common as never, what, now);
  });
}

function activity(common: never, what: Step[0], now: number): Activity {
  const of = common as object;
  const none = { facts: [], values: [], valuesDropped: 0 };
  if (what.kind === 'started') {
    const { task, effects, resources } = what;
    const scope = {
      tools: null,
      effects,
      resources,
      destinations: null,
      dataClasses: null,
      estimated: false,
    };
    const rest = {
      intent: '',
      intentValues: [],
      intentEffects: [],
      intentActions: [],
      intentTopics: [],
      intentAuthors: [],
      intentDelegates: false,
      expiresAt: now + what.minutes * 60_000,
      parentTask: null,
      kind: null,
      exposure: [],
    };
    return { ...of, ...rest, task, scope, type: 'TaskStarted' } as never;
  }
  if (what.kind === 'ended')
    return { ...of, task: what.task, outcome: 'completed', by: 'dana', type: 'TaskEnded' } as never;
  if (what.kind === 'checked') {
    const evidence = ['data-class/credential', 'exposure/credential', 'refusals'].map(
      (kind) => `${kind}@${what.task}`,
    );
    return {
      ...of,
      task: what.task,
      outcome: what.outcome,
      by: 'dana',
      reason: '',
      evidence,
      type: 'ContextChecked',
    } as never;
  }
  const [server, tool] = what.tool.split('/');
  const both = { ...of, ...none, server, tool, task: what.task, callId: 'c', dataClasses: what.classes };
  if (what.kind === 'result') {
    const { trust, outcome, requests } = what;
    return {
      ...both,
      requests,
      trust,
      outcome,
      resultBytes: 10,
      records: 0,
      durationMs: 1,
      type: 'ToolResult',
    } as never;
  }
  const destination = what.place === null ? null : { place: what.place, print: '00000000000000aa' };
  const { effect, resource, uncatalogued, basis } = what;
  const decision = what.refused ? 'refused' : 'allowed';
  const rest = {
    method: 'tools/call',
    effectSource: 'catalogue',
    argumentsBytes: 9,
    toolDigest: null,
    reason: '',
  };
  return {
    ...both,
    ...rest,
    effect,
    resource,
    destination,
    uncatalogued,
    basis,
    decision,
    revocation: null,
    policy: '',
    type: 'ToolCall',
  } as never;
}
