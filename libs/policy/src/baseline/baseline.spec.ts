import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Activity, ToolCall, ToolResult } from '#activity/types';
import { peersOf, roleOf, type Policy } from '#drift';
import { decodePolicy, encodePolicy } from '../canonical.js';
import { loadPolicy } from '../load.js';
import { parsePolicy } from '../parse.js';
import { buildBaseline } from './build.js';
import { mergeBaselines, mergeCounts, noCounts, subtractCounts } from './counts.js';
import { baselineText, loadBaseline, sealBaseline } from './document.js';
import { countActivities, taskKey } from './tally.js';

const ROLES = `name: x
roles:
  - { name: billing, match: [/agent/billing] }
  - { name: any, match: ['spiffe://acme.example/**'] }
`;
const policy = parsePolicy(ROLES);
const folder = mkdtempSync(join(tmpdir(), 'driftline-baseline-'));
afterAll(() => rmSync(folder, { recursive: true }));

const base = {
  tenant: 'acme',
  agent: 'spiffe://acme.example/agent/billing/1',
  assurance: 'verified',
  principal: 'dana',
  conversation: null,
  task: 't1',
  time: 0,
} as const;

function call(fields: Partial<ToolCall> = {}): ToolCall {
  return {
    ...base,
    type: 'ToolCall',
    server: 'files',
    tool: 'read',
    effect: 'read',
    decision: 'allowed',
    dataClasses: ['internal'],
    resource: '/data/reports/q3.md',
    destination: null,
    argumentsBytes: 10,
    ...fields,
  } as ToolCall;
}

function result(fields: Partial<ToolResult> = {}): ToolResult {
  const of = {
    server: 'files',
    tool: 'read',
    outcome: 'ok',
    dataClasses: ['pii'],
    resultBytes: 100,
    records: 3,
  };
  return { ...base, type: 'ToolResult', ...of, ...fields } as ToolResult;
}

const everybody = { roleOf: () => 'billing' };

describe('roles', () => {
  const verified = 'verified' as const;
  it.each([
    ['spiffe://acme.example/agent/billing', 'billing'],
    ['spiffe://acme.example/agent/billing/7', 'billing'],
    ['spiffe://other.example/agent/billing/7', 'billing'],
    ['spiffe://acme.example/agent/billingual', 'any'],
    ['spiffe://other.example/agent/mail', null],
    ['agent/billing', null],
  ])('%s is %s', (agent, role) => {
    expect(roleOf(policy, { agent, assurance: verified })).toBe(role);
  });

  it('are for verified agents, unless the role says otherwise', () => {
    const who = { agent: 'spiffe://acme.example/agent/billing', assurance: 'asserted' as const };
    expect(roleOf(policy, who)).toBeNull();
    const open = parsePolicy(`${ROLES}  - { name: guests, match: ['**'], asserted: true }\n`);
    expect(roleOf(open, who)).toBe('guests');
  });

  it('have names of their own', () => {
    expect(() => parsePolicy(`${ROLES}  - { name: any, match: [/x] }\n`)).toThrow('"any" is there twice');
  });
});

describe('counting', () => {
  it('counts tools, servers, areas, effects and classes once a task, calls each time', () => {
    const counts = countActivities(
      [call(), result(), call(), call({ task: 't2', effect: 'write', tool: 'write' })],
      everybody,
    )['billing'];
    expect(counts).toMatchObject({
      tasks: 2,
      agents: 1,
      calls: 3,
      results: 1,
      tools: { 'files/read': 1, 'files/write': 1 },
      servers: { files: 2 },
      areas: { '/data/reports': 2 },
      effects: { read: 1, write: 1 },
      classes: { internal: 2, pii: 1 },
      transitions: { 'start>read': 1, 'read>read': 1, 'start>write': 1 },
    });
    expect(counts?.measures.callsPerTask).toEqual([0, 2]);
    expect(counts?.measures.bytesPerResult).toEqual([0, 0, 0, 0, 0, 0, 1]);
    expect(counts?.measures.targetsPerWindow).toEqual([0, 1]);
  });

  it('learns nothing from what was refused or withheld, from agents without a role, from tasks to be skipped', () => {
    const activities = [call({ decision: 'refused' }), result({ outcome: 'withheld' }), call({ task: 't9' })];
    const skip = new Set([taskKey(activities[2] as Activity)]);
    expect(countActivities(activities, { ...everybody, skip })).toEqual({});
    expect(countActivities([call()], { roleOf: () => null })).toEqual({});
  });

  it('splits undeclared work where it rests', () => {
    const undeclared = [0, 1, 40, 41].map((minute) => call({ task: null, time: minute * 60_000 }));
    expect(countActivities(undeclared, everybody)['billing']?.tasks).toBe(2);
  });
});

const activity = fc
  .record({
    task: fc.constantFrom('t1', 't2', 't3'),
    tool: fc.constantFrom('read', 'write', 'send'),
    effect: fc.constantFrom('read' as const, 'write' as const, 'send' as const),
    bytes: fc.nat(100_000),
    isCall: fc.boolean(),
  })
  .map(({ isCall, bytes, ...of }) =>
    isCall ? call({ ...of, argumentsBytes: bytes }) : result({ task: of.task, resultBytes: bytes }),
  );
const counted = (list: Activity[]) => countActivities(list, everybody)['billing'] ?? noCounts();

describe('merging', () => {
  it('adds up whatever the order, and a part comes out as exactly as it went in', () => {
    const some = fc.array(activity, { maxLength: 20 });
    fc.assert(
      fc.property(some, some, some, (a, b, c) => {
        const [x, y, z] = [counted(a), counted(b), counted(c)];
        const all = mergeCounts(mergeCounts(x, y), z);
        expect(mergeCounts(z, mergeCounts(y, x))).toEqual(all);
        expect(subtractCounts(all, y)).toEqual(mergeCounts(x, z));
        expect(subtractCounts(all, all)).toEqual(noCounts());
      }),
      { numRuns: 50 },
    );
  });

  it('takes roles over that only one of them has', () => {
    const [x, y] = [counted([call()]), counted([call({ tool: 'write' })])];
    expect(mergeBaselines({ a: x }, { a: y, b: y })).toEqual({ a: mergeCounts(x, y), b: y });
  });
});

describe('the artifact', () => {
  const { baseline, leftOut } = buildBaseline(
    [call(), result(), call({ task: 't2' }), call({ agent: 'spiffe://acme.example/agent/mail' })].map(
      (activity, at) => ({ ...activity, id: `g-${at}` }),
    ),
    { policy, minTasks: 2 },
  );

  it('counts what is there twice once, and learns nothing from a task that failed its check', () => {
    const twice = [
      { ...call(), id: 'g-1', source: 'g' },
      { ...call(), id: 'g-1', source: 'g' },
    ];
    const check = { ...base, type: 'ContextChecked', task: 't7', outcome: 'failed', id: 'a-1', source: 'a' };
    const bad = { ...call({ task: 't7' }), id: 'g-2', source: 'g' };
    const built = buildBaseline([...twice, bad, check as Activity], { policy, minTasks: 1 });
    expect(built.baseline.roles['billing']).toMatchObject({ tasks: 1, calls: 1 });
    expect(built.failed).toBe(1);
  });

  it('leaves out roles with too few tasks, and says so', () => {
    expect(Object.keys(baseline.roles)).toEqual(['billing']);
    expect(leftOut).toEqual([{ role: 'any', tasks: 1 }]);
  });

  it('is the same bytes for the same counts, and comes back from its file', () => {
    const path = join(folder, 'same.json');
    writeFileSync(path, baselineText(baseline));
    expect(loadBaseline(path)).toEqual(baseline);
    const reordered = Object.fromEntries(Object.entries(baseline.roles).toReversed());
    expect(sealBaseline(reordered).digest).toBe(baseline.digest);
  });

  it('is refused when somebody changed it, and when it is something else', () => {
    const path = join(folder, 'changed.json');
    writeFileSync(path, baselineText(baseline).replace('"tasks": 2', '"tasks": 3'));
    expect(() => loadBaseline(path)).toThrow(/was changed; build it again/);
    writeFileSync(path, '{}');
    expect(() => loadBaseline(path)).toThrow(/not a baseline/);
    expect(() => loadBaseline(join(folder, 'nowhere.json'))).toThrow(/ENOENT/);
  });

  it('keeps the most frequent names of very many', () => {
    const tools = Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`s/tool-${i}`, 1 + (i % 500)]));
    const sealed = sealBaseline({ billing: { ...noCounts(), tools } });
    const kept = Object.values(sealed.roles['billing']?.tools ?? {});
    expect(kept).toHaveLength(512);
    expect(Math.min(...kept)).toBeGreaterThan(370);
  });

  it('travels inside the policy that names it, and the policy is named by both', () => {
    writeFileSync(join(folder, 'baseline.json'), baselineText(baseline));
    writeFileSync(join(folder, 'policy.yaml'), `${ROLES}baseline: ./baseline.json\n`);
    const named = loadPolicy(join(folder, 'policy.yaml'));
    expect(named.digest).not.toBe(policy.digest);
    const received: Policy = decodePolicy(encodePolicy(named));
    expect(received).toEqual(named);
    expect(peersOf(received, base)?.tasksWithTool('files/read')).toBe(2);
    expect(
      peersOf(received, { agent: 'spiffe://acme.example/agent/mail', assurance: 'verified' }),
    ).toBeNull();
  });

  it('is a mistake of the policy, with its line, when it cannot be read', () => {
    writeFileSync(join(folder, 'broken.yaml'), `${ROLES}baseline: ./nowhere.json\n`);
    expect(() => loadPolicy(join(folder, 'broken.yaml'))).toThrow(/broken\.yaml:5:1 baseline: .*ENOENT/);
    expect(() => parsePolicy(`${ROLES}baseline: ./x.json\n`)).toThrow(
      'only a policy that is read from a file',
    );
    expect(() => parsePolicy('name: x\nbaseline: ./x.json\n')).toThrow('expected roles too');
  });
});

describe('quantiles of peers', () => {
  it('are the upper end of the bucket they fall into', () => {
    const activities = [1, 2, 3, 1_000].map((resultBytes) => result({ resultBytes }));
    const { roles } = sealBaseline(countActivities(activities, everybody));
    const peers = peersOf({ ...policy, baseline: { digest: '', roles } }, base);
    expect(peers?.quantile('bytesPerResult', 0.5)).toBe(2);
    expect(peers?.quantile('bytesPerResult', 0.99)).toBe(1_022);
    expect(peers?.quantile('bytesPerCall', 0.99)).toBe(0);
  });
});
