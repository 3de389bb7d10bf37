/** What a person finds about an alert, and checks of undeclared work, with a real engine behind the log. */
import { afterEach, describe, expect, it } from 'vitest';
import { decodeActivity, decodeAudit } from '#activity';
import { agentKey, TOPICS, type Alert, type ToolCall, type VerdictGiven } from '#activity/types';
import { Replay } from '#engine';
import { decodePolicy, defaultPolicy, encodePolicy, type Policy } from '#policy';
import {
  ask,
  available,
  NARROW,
  readAll,
  strayRead,
  strictPolicy,
  toolCall,
  type Servers,
} from './harness.js';
import { openWhole } from './whole.js';

const AGENT = 'spiffe://acme.test/agent';
const HOUR_MS = 3_600_000;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function open(servers: Servers) {
  const strict = strictPolicy();
  const canary = { ...defaultPolicy().detectors.canary!, weight: 0.6, ceiling: 0.7 };
  const baited: Policy = {
    ...strict,
    catalogue: { ...strict.catalogue, canaryResources: ['/honey/**'] },
    detectors: { ...strict.detectors, canary },
  };
  const whole = await openWhole(servers, decodePolicy(encodePolicy(baited)));
  closing.push(() => whole.stop());
  const { tenant, oversight, make } = whole;
  /** Until one of these calls is refused, and the alert that says why. */
  const stopped = async (call: (n: number) => ToolCall): Promise<Alert> => {
    for (let n = 0; (await make(call(n))).allowed; n += 1) expect(n).toBeLessThan(10);
    return expect
      .poll(async () => (await oversight.alerts()).find(({ revocation }) => revocation !== null))
      .toBeDefined()
      .then(async () => (await oversight.alerts()).find(({ revocation }) => revocation !== null)!);
  };
  const key = agentKey({ tenant, agent: AGENT, assurance: 'verified' });
  return { ...whole, stopped, key };
}

const said = { by: 'ada', reason: 'the export runs every Monday' };

describe.each(available().filter((servers) => servers !== 'redis'))('verdicts on %s', (servers) => {
  it('a false positive gives the work back, stays answered for the agent, and is replayed', async () => {
    const world = await open(servers);
    const { authority, oversight, tenant, stopped, make, log, policy } = world;
    const request = { agent: AGENT, principal: 'ada', intent: '', scope: NARROW, ttlMs: HOUR_MS };
    const first = await authority.startTask(request);
    const alert = await stopped((n) => strayRead(tenant, AGENT, first.task, n));
    expect(alert.evidence.length).toBeGreaterThan(0);
    const untilMs = Date.now() + HOUR_MS;
    const view = await oversight.verdict(alert.id, {
      verdict: 'false-positive',
      scope: 'agent',
      untilMs,
      ...said,
    });
    expect(view).toMatchObject({ alert: alert.id, agent: world.key, task: first.task });
    await expect.poll(async () => (await oversight.revocations()).length).toBe(0);
    // The same reads, in another task too: nothing is raised again.
    const second = await authority.startTask(request);
    for (const { task } of [first, second]) {
      for (let n = 0; n < alert.evidence.length; n += 1) {
        expect(await make(strayRead(tenant, AGENT, task, n))).toMatchObject({ allowed: true });
      }
    }
    expect((await oversight.agent(world.key))?.evidence.map(({ key }) => key)).toEqual(
      expect.not.arrayContaining(alert.evidence.map(({ key }) => key)),
    );
    const records = await readAll(log, TOPICS.activity);
    const activities = records.map(({ value }) => decodeActivity(value));
    const given = activities.find(({ type }) => type === 'VerdictGiven') as VerdictGiven;
    expect(given).toMatchObject({
      alert: alert.id,
      scope: 'agent',
      until: untilMs,
      task: first.task,
      ...said,
    });
    const replay = new Replay({ policy, maxSkewMs: 30_000 });
    const lifts = activities.flatMap((activity, offset) => {
      if (activity.type === 'PolicyActivated') return [];
      const verdict = replay.fold({ partition: 0, offset, appendTimeMs: activity.time, activity });
      return verdict?.assessment.commands.flatMap((one) => (one.type === 'lift' ? [one.lift] : [])) ?? [];
    });
    expect(lifts).toMatchObject([{ revocation: alert.revocation, by: 'ada', cause: given.id }]);
    const audits = (await readAll(log, TOPICS.audit)).map(({ value }) => decodeAudit(value));
    const act = { action: 'verdict-false-positive', subject: `${alert.id} agent`, outcome: 'done' };
    expect(audits).toContainEqual(expect.objectContaining(act));
  });

  it('what is confirmed stays stopped; unknown alerts, other roles and endless verdicts are refused', async () => {
    const world = await open(servers);
    const { authority, oversight, tenant, stopped, make, url } = world;
    const request = { agent: AGENT, principal: 'ada', intent: '', scope: NARROW, ttlMs: HOUR_MS };
    const { task } = await authority.startTask(request);
    const alert = await stopped((n) => strayRead(tenant, AGENT, task, n));
    const found = { verdict: 'confirmed' as const, scope: 'task' as const, untilMs: Date.now() + HOUR_MS };
    const view = await oversight.verdict(alert.id, { ...found, ...said });
    expect(view.risk).toBeGreaterThanOrEqual(alert.risk - 0.01);
    expect((await make(strayRead(tenant, AGENT, task, 0))).allowed).toBe(false);
    const verdict = (id: string, more = {}) => oversight.verdict(id, { ...found, ...said, ...more });
    await expect(verdict('nobody-said-so')).rejects.toMatchObject({ code: 'not-found' });
    await expect(verdict(alert.id, { untilMs: Date.now() - 1 })).rejects.toMatchObject({ code: 'invalid' });
    await expect(verdict(alert.id, { untilMs: Date.now() + 91 * 24 * HOUR_MS })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(/90 days/),
    });
    for (const role of ['gateway', 'orchestrator'] as const) {
      const path = `/alerts/${encodeURIComponent(alert.id)}/verdict`;
      expect((await ask(url, role, 'POST', path, { ...found, ...said })).status).toBe(403);
    }
  });

  it('undeclared work is checked with the key of its agent', async () => {
    const world = await open(servers);
    const { oversight, person, tenant, stopped, key, make } = world;
    const bait = (n: number) =>
      toolCall(tenant, AGENT, { effect: 'read', tool: 'read_file', resource: `/honey/${n}` });
    const alert = await stopped(bait);
    const task = alert.task ?? (await oversight.agent(key))!.tasks[0]!.task;
    expect(task).toMatch(/^implicit\//);
    const check = { outcome: 'passed' as const, by: 'ada', reason: 'it was a drill' };
    const evidence = (await person.task(task, key))!.evidence.map((one) => one.key);
    expect(evidence.length).toBeGreaterThan(0);
    await expect(person.contextCheck(task, { ...check, evidence })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(/name the agent/),
    });
    await expect(person.contextCheck(task, { ...check, evidence }, `${key}-another`)).rejects.toMatchObject({
      code: 'not-found',
    });
    expect(await person.task(task)).toBeNull();
    const after = await person.contextCheck(task, { ...check, evidence }, key);
    expect(after).toMatchObject({ task, risk: 0, level: 'normal' });
    await expect.poll(async () => (await oversight.revocations()).length).toBe(0);
    await expect.poll(async () => (await make(toolCall(tenant, AGENT))).allowed).toBe(true);
  });
});
