import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Activity, ToolCall, ToolResult } from '#activity/types';
import { peersOf } from '#drift';
import { parsePolicy } from '../parse.js';
import { buildBaseline } from './build.js';
import { AGENT_SHARE_MAX, capOf } from './shares.js';

const policy = parsePolicy('name: x\nroles: [{ name: clerks, match: [/clerk] }]\n');
const agentOf = (number: number | string) => `spiffe://acme.example/clerk/${number}`;
const base = {
  tenant: 'acme',
  assurance: 'verified',
  principal: 'dana',
  conversation: null,
  source: 'g',
} as const;

interface Habit {
  tool: string;
  classes?: string[];
  bytes?: number;
}

let ids = 0;
/** Tasks of one agent, a call and a result each. */
function work(
  agent: string,
  tasks: number,
  { tool, classes = ['internal'], bytes = 100 }: Habit,
): Activity[] {
  return Array.from({ length: tasks }, (_, n) => {
    const of = {
      ...base,
      agent,
      task: `t${n}`,
      time: n * 60_000,
      server: 'files',
      tool,
      dataClasses: classes,
    };
    const call = {
      ...of,
      type: 'ToolCall',
      effect: 'read',
      decision: 'allowed',
      resource: `/data/${tool}/x`,
    };
    const result = { ...of, type: 'ToolResult', outcome: 'ok', resultBytes: bytes, records: 1 };
    return [
      { ...call, id: `c${(ids += 1)}`, destination: null, argumentsBytes: bytes } as unknown as ToolCall,
      { ...result, id: `r${ids}` } as unknown as ToolResult,
    ];
  }).flat();
}

const peersIn = (activities: Activity[]) => {
  const built = buildBaseline(activities, { policy, minTasks: 1 });
  const who = { agent: agentOf('new'), assurance: 'verified' as const };
  return { ...built, peers: peersOf({ ...policy, baseline: built.baseline }, who)! };
};

describe('one agent that floods its role', () => {
  const honest = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((number) =>
    work(agentOf(number), 10 + number, { tool: 'read' }),
  );
  const flood = [
    ...work(agentOf('flood'), 2_000, { tool: 'read', bytes: 1_000_000 }),
    ...work(agentOf('flood'), 3_000, { tool: 'export', classes: ['credential'] }).map((one) => ({
      ...one,
      task: `e${one.task}`,
    })),
  ];
  const alone = peersIn(honest);
  const flooded = peersIn([...honest, ...flood]);

  it('counts as a quarter of it, and is named', () => {
    const { peers, limited } = flooded;
    expect(alone.limited).toEqual([]);
    expect(peers.tasks - alone.peers.tasks).toBeLessThanOrEqual(AGENT_SHARE_MAX * peers.tasks);
    expect(limited).toEqual([
      {
        role: 'clerks',
        agent: `acme|${agentOf('flood')}`,
        tasks: 5_000,
        counted: peers.tasks - alone.peers.tasks,
      },
    ]);
  });

  it('makes nothing usual that only it does', () => {
    const { peers } = flooded;
    expect(peers.tasksWithTool('files/export')).toBe(0);
    expect(peers.tasksWithArea('/data/export')).toBe(0);
    expect(peers.classRate('credential', 0)).toBe(0);
    expect(peers.tasksWithTool('files/read')).toBeGreaterThanOrEqual(alone.peers.tasks);
    for (const measure of ['bytesPerResult', 'resultBytesPerWindow', 'callsPerWindow'] as const) {
      expect(peers.quantile(measure, 0.99)).toBe(alone.peers.quantile(measure, 0.99));
    }
  });

  it('needs a second one to be believed', () => {
    const two = peersIn([...honest, ...flood, ...work(agentOf(9), 3, { tool: 'export' })]);
    expect(two.peers.tasksWithTool('files/export')).toBeGreaterThan(0);
    expect(two.peers.classRate('credential', 0)).toBe(0);
  });
});

describe('a role of few agents', () => {
  it('is what they do', () => {
    const one = peersIn(work(agentOf(1), 50, { tool: 'read' }));
    expect(one.peers.tasks).toBe(50);
    const two = peersIn([
      ...work(agentOf(1), 50, { tool: 'read' }),
      ...work(agentOf(2), 2, { tool: 'write' }),
    ]);
    expect(two.peers.tasks).toBe(52);
    expect(two.peers.tasksWithTool('files/write')).toBe(2);
    expect(two.limited).toEqual([]);
  });
});

describe('the most that one may bring', () => {
  it.each([
    [[7], Infinity],
    [[1_000, 20], Infinity],
    [[1_000, 20, 20], 80],
    [[1_000, 20, 20, 20], 60],
    [[1_000, 10, 10, 10, 10, 10, 10, 10, 10], 26],
    [[1_000, 1_000, 10, 10, 10, 10, 10, 10, 10, 10], 40],
    [[10, 10, 10, 10, 10, 10, 10, 10], Infinity],
    [[5, 0, 0, 0, 0, 0, 0, 0], 1],
  ])('of %j is %s', (amounts, cap) => expect(capOf(amounts)).toBe(cap));

  it('leaves nobody more than a share, and takes no more away than that needs', () => {
    const amounts = fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 8, maxLength: 40 });
    fc.assert(
      fc.property(amounts, (all) => {
        const cap = capOf(all);
        const shareAt = (most: number) => {
          const within = all.map((amount) => Math.min(amount, most));
          return Math.max(...within) / within.reduce((sum, amount) => sum + amount, 0);
        };
        expect(shareAt(cap)).toBeLessThanOrEqual(AGENT_SHARE_MAX + 1e-9);
        expect(cap === Infinity || shareAt(cap + 1) > AGENT_SHARE_MAX).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
