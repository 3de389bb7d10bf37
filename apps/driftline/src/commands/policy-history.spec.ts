/** `policy diff` and `policy calibrate` on a history of many agents, made here. */
import { describe, expect, it } from 'vitest';
import type { Activity } from '#activity/types';
import type { RecordedActivity } from '#engine';
import { decodePolicy, riskDigest, encodePolicy, parsePolicy, Story } from '#policy';
import { calibrated } from './policy-calibrate.js';
import { difference } from './policy-diff.js';

const SKEW_MS = 60_000;
const POLICY = parsePolicy(`
name: history
uncatalogued: enforce
dataClasses: { internal: 0, pii: 0.35, phi: 0.7, credential: 1 }
detectors: { provenance: { mode: off } }
budgets: [{ interruptOneIn: 20 }]
responses:
  - id: check
    of: task
    level: high
    response: context-check
    effects: [write, delete, execute, send, admin, unknown]
    for: 30m
  - { id: end, of: task, level: critical, response: revoke-task, for: 1h }
`);

interface Work {
  agent: string;
  kind?: string;
  /** Outside the scope, and further. */
  strays?: 'a little' | 'far';
  found?: 'failed';
}

/** What happened in one task, as the log has it. */
function activitiesOf({ agent, kind, strays, found }: Work): Activity[] {
  const story = new Story(POLICY, { tenant: 'acme', agent, assurance: 'verified' });
  const list: Activity[] = [];
  const fold = story.fold.bind(story);
  story.fold = (activity) => {
    list.push({ ...activity, id: `${agent}-${activity.id}`, instance: `i-${agent}` });
    return fold(activity);
  };
  const scope = {
    tools: null,
    effects: ['read' as const],
    resources: null,
    destinations: null,
    dataClasses: null,
    estimated: false,
  };
  story.start('t1', { scope, kind: kind ?? null });
  story.call({ task: 't1' });
  story.result({ task: 't1' });
  if (strays) story.call({ task: 't1', effect: 'write', tool: 'write_file' });
  if (strays === 'far') {
    story.result({ task: 't1', dataClasses: ['credential'] });
    story.call({ task: 't1', effect: 'send', tool: 'send_email', server: 'mail' });
  }
  if (found) story.check('t1', 'failed');
  return list;
}

function recording(work: Work[]): RecordedActivity[] {
  let offset = 0;
  return work
    .flatMap(activitiesOf)
    .map((activity) => ({ partition: 0, offset: offset++, appendTimeMs: activity.time, activity }));
}

const agentOf = (number: number) => `spiffe://acme.example/agent/a${number}`;
const quiet = (count: number, from = 0): Work[] =>
  Array.from({ length: count }, (_, i) => ({ agent: agentOf(from + i) }));

describe('policy diff', () => {
  const history = recording([
    ...quiet(3),
    { agent: agentOf(10), strays: 'a little' },
    { agent: agentOf(11), strays: 'far' },
  ]);

  it('of a policy and itself is nothing', () => {
    const found = difference(POLICY, POLICY, history, SKEW_MS);
    expect(found).toMatchObject({
      agents: 5,
      tasks: 5,
      levels: 0,
      newlyRefused: 0,
      nowAllowed: 0,
      changes: {},
    });
    expect(found.before.stoppedTasks).toBe(2);
    expect(found.before.refusedCalls).toBe(3);
  });

  it('names who is stopped no longer, and why they were', () => {
    const lax = decodePolicy(
      encodePolicy({ ...POLICY, levels: { ...POLICY.levels, high: 80, critical: 99 } }),
    );
    const found = difference(POLICY, lax, history, SKEW_MS);
    expect(found.harder).toEqual([]);
    expect(
      found.milder.map(({ agent, before, after }) => [agent, before.response, after.response]),
    ).toContainEqual([`acme|${agentOf(10)}`, 'context-check', null]);
    expect(found.milder[0]?.before.first).toMatchObject({
      what: expect.stringMatching(/^(files|mail)\//),
      why: expect.stringContaining('Risk of task t1'),
    });
    const turned = difference(lax, POLICY, history, SKEW_MS);
    expect(turned.harder.length).toBe(found.milder.length);
    expect(turned.newlyRefused).toBe(found.nowAllowed);
  });

  it('counts rules that only observe as stopping nobody', () => {
    const responses = POLICY.responses.map((rule) => ({ ...rule, mode: 'observe' as const }));
    const watching = decodePolicy(encodePolicy({ ...POLICY, responses }));
    const found = difference(POLICY, watching, history, SKEW_MS);
    expect(found.after).toMatchObject({ stoppedTasks: 0, refusedCalls: 0 });
    expect(Object.values(found.changes).reduce((sum, count) => sum + count, 0)).toBe(2);
  });
});

describe('policy calibrate', () => {
  const work: Work[] = [
    ...quiet(180),
    ...Array.from({ length: 20 }, (_, i): Work => ({ agent: agentOf(500 + i), strays: 'a little' })),
    { agent: agentOf(900), strays: 'far', found: 'failed' },
  ];
  const options = { budgets: POLICY.budgets ?? [], confidence: 0.95, maxSkewMs: SKEW_MS };

  it('finds a threshold that keeps the budget, above what too many honest tasks reach', () => {
    const { file, before, after, unkept } = calibrated(POLICY, recording(work), options);
    expect(unkept).toEqual([]);
    expect(before.honest).toMatchObject({ tasks: 200, stopped: 20 });
    expect(file.data).toMatchObject({ agents: 201, tasks: 201, honest: 200 });
    expect(file.policy).toBe(riskDigest(POLICY));
    expect(file.entries.map(({ tenant, kind }) => [tenant, kind])).toEqual([
      ['acme', null],
      [null, null],
    ]);
    expect(after.honest).toMatchObject({ tasks: 200, stopped: 0 });
    expect(after.others).toMatchObject({ tasks: 1, stopped: 1 });
    expect(after.honest.interval[1]).toBeLessThan(0.02);
  });

  it('counts what responses that only observe would stop, and fits the policy in which they enforce', () => {
    const responses = POLICY.responses.map((rule) => ({ ...rule, mode: 'observe' as const }));
    const watching = decodePolicy(encodePolicy({ ...POLICY, name: 'watching', responses }));
    const found = calibrated(watching, recording(work), options);
    expect(found).toEqual(calibrated(POLICY, recording(work), options));
    expect(found.file.policy).toBe(riskDigest(POLICY));
    const { detectors, levels } = POLICY;
    const other = { ...POLICY, detectors: { ...detectors, scope: { ...detectors.scope!, weight: 0.5 } } };
    expect(riskDigest(other)).not.toBe(found.file.policy);
    expect(riskDigest({ ...POLICY, levels: { ...levels, high: 61 } })).not.toBe(found.file.policy);
  });

  it('counts a task that failed its check as no honest one', () => {
    const honest: Work[] = work.map(({ found: _found, ...rest }) => rest);
    const { file, after } = calibrated(POLICY, recording(honest), options);
    expect(file.data.honest).toBe(201);
    expect(after.others.tasks).toBe(0);
  });

  it('with few tasks promises nothing', () => {
    const { file, unkept, before, after } = calibrated(POLICY, recording(work.slice(-30)), options);
    expect(file.entries).toEqual([]);
    expect(unkept).toMatchObject([{ tasks: 29, needed: 59, why: 'few-tasks' }]);
    expect(after).toEqual(before);
  });

  it('keeps kinds of task apart', () => {
    const kinds = work.map((one, i) => ({
      ...one,
      kind: one.strays === 'a little' || i < 100 ? 'edits' : 'reads',
    }));
    const { file } = calibrated(POLICY, recording(kinds), options);
    const high = (name: string | null) =>
      file.entries.find(({ tenant, kind }) => tenant === null && kind === name)?.levels.high;
    expect(high('reads')).toBeLessThan(high('edits')!);
  });
});
