/** What people do with a recording of real work: calibrate a budget, compare policies, learn what is usual among peers. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBaseline, loadThresholds } from '#policy';
import type { Difference } from '../../apps/driftline/src/commands/policy-diff.js';
import { COMMAND, openOffice, type Done, type Office } from './work.js';

const POLICY = `
name: office
roles: [{ name: clerks, match: ['clerk-*'], asserted: true }]
catalogue:
  internalDomains: [office.example]
  servers:
    - match: [office]
      trust: own
      dataClasses: [internal]
      tools:
        read_paper: { effect: read, resource: /path }
        read_salaries: { effect: read, resource: /path, dataClasses: [pii] }
        write_paper: { effect: write, resource: /path }
        send_paper: { effect: send, destination: /to }
dataClasses: { internal: 0, pii: 0.35 }
budgets: [{ interruptOneIn: 8 }]
responses:
  - { id: check, of: task, level: high, response: context-check, for: 30m, mode: observe }
  - { id: end, of: task, level: critical, response: revoke-task, for: 1h, mode: observe }
`;
const AGENTS = ['clerk-1', 'clerk-2', 'clerk-3', 'clerk-4', 'clerk-5', 'clerk-6'];
const TASKS_EACH = 4;

let office: Office;
let recording: string;
let recordSaid: string;
const honest: Done[] = [];
const strayed: Done[] = [];
const drifted: Done[] = [];

beforeAll(async () => {
  office = await openOffice(POLICY);
  for (let n = 0; n < TASKS_EACH; n += 1) {
    for (const agent of AGENTS) {
      const path = `/${agent}/week-${n}.md`;
      // One of them looks into a neighbour's folder once a day: outside the scope, and nothing bad.
      const astray = agent === 'clerk-1' && n < 2;
      const done = await office.work(agent, 'reports', [
        ['read_paper', { path: '/shared/template.md' }],
        ['read_paper', { path: astray ? '/clerk-2/week-0.md' : path }],
        ['write_paper', { path }],
      ]);
      (astray ? strayed : honest).push(done);
    }
  }
  for (const agent of ['clerk-5', 'clerk-6']) {
    const done = await office.work(agent, 'reports', [
      ['read_salaries', { path: '/board/salaries.csv' }],
      ['write_paper', { path: '/public/salaries.html' }],
      ['send_paper', { to: 'jo@rival.example' }],
    ]);
    drifted.push(done);
    const { evidence } = (await office.ask('person', 'GET', `/tasks/${done.task}`)) as {
      evidence: { key: string }[];
    };
    await office.ask('person', 'POST', `/tasks/${done.task}/context-checks`, {
      outcome: 'failed',
      by: 'dana',
      reason: 'nobody asked for this',
      evidence: evidence.map(({ key }) => key),
    });
  }
  await office.close();
  recording = join(office.dir, 'week.jsonl');
  recordSaid = (await driftline('record', recording)).stdout;
});
afterAll(() => office?.stop());

/** The command, in the office's folder. */
async function driftline(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const configured = args[0] === 'policy' && args[1] === 'check' ? [] : ['--config', office.config];
  return promisify(execFile)(process.execPath, [COMMAND, ...args, ...configured], { cwd: office.dir });
}

function written(name: string, text: string): string {
  const path = join(office.dir, name);
  writeFileSync(path, text);
  return path;
}

describe('a recording of work through driftline up', () => {
  it('has the policy that judged and every call that was made, allowed while responses only observe', () => {
    const lines = readFileSync(recording, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(recordSaid).toBe(`${lines.length} lines written to ${recording}\n`);
    expect(lines[0]).toHaveProperty('document');
    const calls = lines.flatMap(({ activity }) => (activity?.type === 'ToolCall' ? [activity] : []));
    const all = [...honest, ...strayed, ...drifted];
    expect(calls).toHaveLength(all.length * 3);
    expect(new Set(calls.map(({ task }) => task))).toEqual(new Set(all.map(({ task }) => task)));
    expect(all.flatMap(({ refused }) => refused)).not.toContain(true);
    const failed = lines.flatMap(({ activity }) => (activity?.type === 'ContextChecked' ? [activity] : []));
    expect(failed).toHaveLength(drifted.length);
    expect(new Set(failed.map(({ task }) => task))).toEqual(new Set(drifted.map(({ task }) => task)));
  });

  it('is calibrated: the thresholds spare honest work, stop what was found drifting, and fit the policy that enforces', async () => {
    const out = join(office.dir, 'thresholds.json');
    const { stdout } = await driftline('policy', 'calibrate', '--on', recording, '--out', out);
    expect(stdout).toMatch(/^26 tasks of 6 agents, .*; 24 count as honest$/m);
    expect(stdout).toMatch(
      /^  role clerks, kind reports: high from .*; 0 of 24 honest tasks reach it, .* \(budget 12\.5 %\)$/m,
    );
    expect(stdout).toMatch(/^stopped with these thresholds: 0 of 24 honest tasks \(.*\), 2 of 2 others/m);
    expect(stdout).toMatch(/^  context-check: 2 tasks$/m);
    const { entries } = loadThresholds(out);
    const highs = entries.map(({ levels }) => levels.high);
    // Above what honest work came to, a stray look at a neighbour's folder, and below the policy's own 60.
    expect(Math.min(...highs)).toBeGreaterThan(20);
    expect(Math.max(...highs)).toBeLessThan(60);

    const enforcing = written(
      'enforcing.yaml',
      `${POLICY.replaceAll(', mode: observe', '')}thresholds: ./thresholds.json\n`,
    );
    const checked = await driftline('policy', 'check', enforcing);
    expect(checked.stdout).toMatch(/^\S+enforcing\.yaml: 0 mistakes, 0 warnings, digest [0-9a-f]{64}\n$/);
    const said = await compared('policy.yaml', enforcing);
    expect(said.text).toMatch(/^old office \(\w+\): 0 tasks stopped, 0 calls refused$/m);
    expect(said.text).toMatch(/^new office \(\w+\): 2 tasks stopped, [2-6] calls refused$/m);
    for (const { task } of drifted) expect(said.text).toMatch(new RegExp(`${task}: none .* → context-check`));
    expect(said.data).toMatchObject({ agents: 6, tasks: 26, nowAllowed: 0 });
    expect(said.data).toMatchObject({ harder: { count: 2 }, milder: { count: 0 } });
  });

  it('teaches what is usual among peers, not what only one of them did or a person found wrong', async () => {
    const out = join(office.dir, 'peers.json');
    const { stdout } = await driftline('baseline', 'build', recording, '--out', out);
    expect(stdout).toMatch(/^clerks: 24 tasks of 6 agents, 72 calls$/m);
    expect(stdout).toMatch(/^2 tasks that failed a context check taught nothing$/m);
    const clerks = loadBaseline(out).roles['clerks']!;
    expect(clerks.tools).toEqual({ 'office/read_paper': 24, 'office/write_paper': 24 });
    // Everybody's template, and the folder that two of them looked into; everybody's own is nobody's habit.
    expect(clerks.areas).toEqual({ '/shared': 24, '/clerk-2': 6 });
    expect(clerks.classes).toEqual({ internal: 24 });
    expect(clerks.transitions).toEqual({ 'start>read': 24, 'read>read': 24, 'read>write': 24 });
    expect(clerks.measures.callsPerTask).toEqual([0, 0, 24]);

    const unbudgeted = POLICY.replace(/^budgets:.*$/m, '').replaceAll(', mode: observe', '');
    written('alone.yaml', unbudgeted);
    const peers = written('peers.yaml', `${unbudgeted}baseline: ./peers.json\n`);
    expect((await driftline('policy', 'check', peers)).stdout).toMatch(/: 0 mistakes, 0 warnings, /);
    const { data } = await compared('alone.yaml', peers);
    expect(data).toMatchObject({ tasks: 26, before: { stoppedTasks: 2 }, after: { stoppedTasks: 2 } });
  });
});

/** What `policy diff` says of two policies on the recording, for people and for programs. */
async function compared(old: string, fresh: string): Promise<{ text: string; data: Difference }> {
  const args = ['policy', 'diff', old, fresh, '--on', recording];
  const [text, data] = await Promise.all([driftline(...args), driftline(...args, '--json')]);
  return { text: text.stdout, data: JSON.parse(data.stdout) as Difference };
}
