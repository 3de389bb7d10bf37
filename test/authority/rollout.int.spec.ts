/** Exceptions until their day, observed tiers and a role's calibrated thresholds, through a real engine and authority. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { agentKey, type Alert } from '#activity/types';
import { loadPolicy, sealThresholds, thresholdsText, type Policy } from '#policy';
import { available, NARROW, toolCall, type Servers } from './harness.js';
import { openWhole, type Whole } from './whole.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** One stray write weighs 0.5: short of `high` for anybody, and beyond what was calibrated for careful agents. */
function policyUntil(expiresAtMs: number): Policy {
  const folder = mkdtempSync(join(tmpdir(), 'driftline-rollout-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  const data = { fromMs: 0, toMs: DAY_MS, agents: 3, tasks: 400, honest: 400 };
  const found = { interruptOneIn: 100, tasks: 400, interrupted: 0, atMost: 0.0075 };
  const levels = { elevated: 20, high: 40, critical: 85, hysteresis: 8 };
  const entries = [
    { tenant: null, role: 'careful', kind: null, levels, ...found },
    { tenant: null, role: null, kind: 'audit', levels, ...found },
  ];
  const file = sealThresholds({ policy: 'f'.repeat(64), data, confidence: 0.95, entries });
  writeFileSync(join(folder, 'thresholds.json'), thresholdsText(file));
  const off = ['escalation', 'data-class', 'exposure', 'provenance', 'instruction', 'novelty', 'identity'];
  const path = join(folder, 'policy.yaml');
  writeFileSync(
    path,
    `name: rollout
roles: [{ name: careful, match: [/careful] }]
catalogue:
  servers:
    - match: [files]
      trust: own
      tools: { write_file: { effect: write, resource: /path }, archive_file: { effect: write, resource: /path } }
detectors:
  scope: { weight: 0.5, ceiling: 0.7, halfLife: 30m }
  ${off.map((name) => `${name}: { mode: off }`).join('\n  ')}
responses:
  - { id: tell, of: task, level: elevated, response: alert }
  - { id: check, of: task, level: high, response: context-check, for: 30m }
thresholds: ./thresholds.json
tiers:
  - { id: archive, tool: files/archive_file, mode: observe }
exceptions:
  - id: export
    owner: dana@acme.example
    reason: the yearly export writes outside every scope (EXP-7)
    expires: ${new Date(expiresAtMs).toISOString().slice(0, 19)}Z
    detector: scope
    agent: '*/exporter'
`,
  );
  return loadPolicy(path);
}

/** How an agent of this name comes to a task, and to writes outside it. */
function stranger(world: Whole, path: string) {
  const agent = `spiffe://acme.test/${path}`;
  const key = agentKey({ tenant: world.tenant, agent, assurance: 'verified' });
  let task = '';
  let count = 0;
  return {
    agent,
    task: () => task,
    async starts(kind: string | null = null) {
      const request = { agent, principal: 'ada', intent: '', scope: NARROW, ttlMs: DAY_MS, kind };
      task = (await world.authority.startTask(request)).task;
    },
    /** Outside the scope, each time elsewhere. `time`: of the activity. */
    stray: (tool = 'write_file', time = Date.now()) =>
      world.make(
        toolCall(world.tenant, agent, { task, tool, time, resource: `/private/${(count += 1)}.txt` }),
      ),
    alert: async (fits: (alert: Alert) => boolean): Promise<Alert> => {
      const find = async () =>
        (await world.oversight.alerts()).find((alert) => alert.agent === key && fits(alert));
      await expect.poll(find, { timeout: 10_000 }).toBeDefined();
      return (await find())!;
    },
  };
}

describe.each(available().filter((servers) => servers !== 'redis'))('rollout on %s', (servers: Servers) => {
  const open = async (policy: Policy) => {
    const world = await openWhole(servers, policy, { maxSkewMs: DAY_MS });
    closing.push(() => world.stop());
    return world;
  };

  it('an exception excuses until it expires; then the same is refused, and it is said whose it was', async () => {
    const expiresAtMs = Math.floor(Date.now() / 1_000) * 1_000 + 6 * HOUR_MS;
    const world = await open(policyUntil(expiresAtMs));
    const exporter = stranger(world, 'careful/exporter');
    await exporter.starts();
    for (let n = 0; n < 3; n += 1) {
      expect(await exporter.stray()).toMatchObject({ allowed: true, basis: 'assessed', risk: 0 });
    }
    expect((await world.person.task(exporter.task()))?.evidence).toEqual([]);
    // Not the clock of this machine decides, but that of the activity.
    expect(await exporter.stray('write_file', expiresAtMs - 1)).toMatchObject({ allowed: true, risk: 0 });
    const refused = await exporter.stray('write_file', expiresAtMs);
    expect(refused).toMatchObject({ allowed: false, response: 'context-check', reason: 'context-check' });
    const said = await exporter.alert(({ title }) => title === 'Exception export has expired');
    expect(said).toMatchObject({ response: 'observe', observed: true, revocation: null });
    expect(said.explanation).toMatch(/dana@acme\.example answers for it: renew it .* \(EXP-7\)$/);
    const stopped = await exporter.alert(({ revocation }) => revocation !== null);
    expect(stopped).toMatchObject({ response: 'context-check', observed: false, task: exporter.task() });
  });

  it('an observed tier refuses nothing and says what it would have done; beside it the same is refused', async () => {
    const world = await open(policyUntil(Date.now() + DAY_MS));
    const clerk = stranger(world, 'careful/clerk');
    await clerk.starts();
    for (let n = 0; n < 3; n += 1) expect((await clerk.stray('archive_file')).allowed).toBe(true);
    const watched = await clerk.alert(({ level }) => level === 'high');
    expect(watched).toMatchObject({ observed: true, revocation: null, task: clerk.task() });
    expect(await world.oversight.revocations()).toEqual([]);
    // What was observed does not count where it is enforced.
    expect((await world.person.task(clerk.task()))?.risk).toBe(0);
    expect(await clerk.stray()).toMatchObject({ allowed: false, response: 'context-check' });
  });

  it("a role's calibrated threshold refuses what the policy's own lets pass", async () => {
    const world = await open(policyUntil(Date.now() + DAY_MS));
    const [careful, other] = [stranger(world, 'careful/clerk'), stranger(world, 'other/clerk')];
    await careful.starts();
    await other.starts();
    const passed = await other.stray();
    expect(passed).toMatchObject({ allowed: true, level: 'elevated', risk: 50 });
    const refused = await careful.stray();
    expect(refused).toMatchObject({ allowed: false, level: 'high', risk: 50, response: 'context-check' });
    // The engine came to the same from the log.
    expect(await careful.alert(({ revocation }) => revocation !== null)).toMatchObject({ level: 'high' });
    expect(await other.alert(({ level }) => level === 'elevated')).toMatchObject({ revocation: null });
    expect((await other.stray()).allowed).toBe(false);
  });

  it('a call that is revoked already is shown the level of the thresholds that judged', async () => {
    const world = await open(policyUntil(Date.now() + DAY_MS));
    const [careful, auditor] = [stranger(world, 'careful/clerk'), stranger(world, 'other/clerk')];
    await careful.starts();
    await auditor.starts('audit');
    for (const agent of [careful, auditor]) {
      expect(await agent.stray()).toMatchObject({ allowed: false, basis: 'assessed', level: 'high' });
      await agent.alert(({ revocation }) => revocation !== null);
      await expect.poll(async () => (await agent.stray()).basis, { timeout: 10_000 }).toBe('revocation');
      const again = await agent.stray();
      expect(again).toMatchObject({ allowed: false, basis: 'revocation', level: 'high', risk: 50 });
    }
  });
});
