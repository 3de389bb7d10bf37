/** Decisions and the pending list: nothing gets past, whoever asks, and however many ask at once. */
import { afterEach, describe, expect, it } from 'vitest';
import { HttpAuthority, type Authority, type TaskView } from '#access';
import { encodeActivity } from '#activity';
import { agentKey, type ToolCall } from '#activity/types';
import { PENDING_MAX } from '#store';
import {
  available,
  NARROW,
  openGround,
  strayRead,
  strictPolicy,
  tokenOf,
  toolCall,
  toolResult,
  type Ground,
  type Servers,
} from './harness.js';

let ground: Ground | null = null;
const clients: HttpAuthority[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await ground?.stop();
  ground = null;
});

const AGENT = 'spiffe://acme.test/agent';
const other = (n: number) => `spiffe://acme.test/agent-${n}`;

async function open(servers: Servers): Promise<Ground> {
  ground = await openGround(servers, strictPolicy());
  await ground.keepCurrent();
  return ground;
}

function over(url: string): HttpAuthority {
  const client = new HttpAuthority({ url, token: tokenOf('gateway'), decisionDeadlineMs: 5_000 });
  clients.push(client);
  return client;
}

function narrowTask(authority: Authority, agent: string): Promise<TaskView> {
  return authority.startTask({ agent, principal: 'ada', intent: 'tidy up', scope: NARROW, ttlMs: 600_000 });
}

async function pendingOf({ store, log, tenant }: Ground, agent: string) {
  const { partitionOf } = await import('#activity');
  const { TOPICS } = await import('#activity/types');
  const key = agentKey({ tenant, agent, assurance: 'verified' });
  const partition = partitionOf(key, await log.partitions(TOPICS.activity));
  return (await store.view(`activity/${partition}`, key)).pending;
}

describe.each(available())('decisions on %s', (servers) => {
  it('an allowed call is pending when the answer comes, and so is the drift a call was refused for', async () => {
    const { tenant, start } = await open(servers);
    const { authority, url } = await start();
    const gateway = over(url);
    const { task } = await narrowTask(authority, AGENT);
    const allowed = toolCall(tenant, AGENT, { task });
    expect(await gateway.decide(allowed)).toMatchObject({ allowed: true, reason: '', basis: 'assessed' });
    expect((await pendingOf(ground!, AGENT)).map(({ id }) => id)).toContain(allowed.id);
    let refused: ToolCall;
    let decision;
    let n = 0;
    do {
      n += 1;
      refused = strayRead(tenant, AGENT, task, n);
      decision = await gateway.decide(refused);
    } while (decision.allowed && n < 20);
    expect(decision).toMatchObject({
      allowed: false,
      response: 'context-check',
      reason: 'context-check',
      retryable: true,
    });
    expect(decision.evidence.length).toBeGreaterThan(1);
    expect(decision.risk).toBeGreaterThanOrEqual(40);
    expect(n).toBeGreaterThan(1);
    expect((await pendingOf(ground!, AGENT)).map(({ id }) => id)).toContain(refused.id);
    expect(await gateway.decide(refused)).toMatchObject({ id: decision.id, allowed: false });
    const within = toolCall(tenant, AGENT, { task });
    expect(await gateway.decide(within), 'judged by what was refused, folded or not').toMatchObject({
      allowed: false,
    });
    expect((await pendingOf(ground!, AGENT)).map(({ id }) => id)).not.toContain(within.id);
  });

  it('the same call asked again is answered the same and pending once', async () => {
    const { tenant, start } = await open(servers);
    const [one, two] = [await start(), await start()];
    const call = toolCall(tenant, AGENT);
    const first = await over(one.url).decide(call);
    const again = await Promise.all([one, two, one, two].map(({ url }) => over(url).decide(call)));
    for (const decision of again)
      expect(decision).toMatchObject({ id: first.id, allowed: true, risk: first.risk });
    expect((await pendingOf(ground!, AGENT)).filter(({ id }) => id === call.id)).toHaveLength(1);
  });

  it('fifty parallel calls over two authorities get no more past the decision than the same calls in a row', async () => {
    const { tenant, start } = await open(servers);
    const authorities = [await start(), await start()];
    const gateways = authorities.map(({ url }) => over(url));
    const inRow = await narrowTask(authorities[0]!.authority, other(1));
    let allowedInRow = 0;
    for (let n = 0; n < 50; n += 1) {
      const { allowed } = await gateways[n % 2]!.decide(strayRead(tenant, other(1), inRow.task, n));
      allowedInRow += allowed ? 1 : 0;
    }
    expect(allowedInRow).toBeGreaterThan(0);
    expect(allowedInRow).toBeLessThan(10);
    for (let round = 2; round <= 4; round += 1) {
      const { task } = await narrowTask(authorities[1]!.authority, other(round));
      const calls = Array.from({ length: 50 }, (_, n) => strayRead(tenant, other(round), task, n));
      const decisions = await Promise.all(calls.map((call, n) => gateways[n % 2]!.decide(call)));
      expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(allowedInRow);
      const pending = (await pendingOf(ground!, other(round))).map(({ id }) => id);
      const allowedIds = calls.filter((_, n) => decisions[n]!.allowed).map(({ id }) => id);
      for (const id of allowedIds) expect(pending).toContain(id);
    }
  });

  it('a released result counts in the next decision, once, whichever authority it was given to', async () => {
    const { tenant, start } = await open(servers);
    const [one, two] = [await start(), await start()];
    const { task } = await narrowTask(one.authority, AGENT);
    const scope = { ...NARROW, resources: null, dataClasses: ['public'] };
    const { task: strict } = await one.authority.startTask({
      agent: AGENT,
      principal: 'ada',
      intent: '',
      scope,
      ttlMs: 60_000,
    });
    expect(strict).not.toBe(task);
    const call = toolCall(tenant, AGENT, { task: strict });
    const before = await over(one.url).decide(call);
    const result = toolResult(call, { dataClasses: ['restricted'], trust: 'third-party' });
    await over(two.url).pend(result);
    await over(one.url).pend(result);
    expect((await pendingOf(ground!, AGENT)).filter(({ id }) => id === result.id)).toHaveLength(1);
    const after = await over(one.url).decide(toolCall(tenant, AGENT, { task: strict }));
    expect(after.risk).toBeGreaterThan(before.risk);
  });

  it('a foreign, unknown or ended task is refused as a matter of the task', async () => {
    const { tenant, start } = await open(servers);
    const { authority, url } = await start();
    const { task } = await narrowTask(authority, other(1));
    const gateway = over(url);
    expect(await gateway.decide(toolCall(tenant, AGENT, { task }))).toMatchObject({
      allowed: false,
      basis: 'task',
      reason: 'task-unknown',
      retryable: false,
    });
    await authority.endTask(task, 'completed', 'ci');
    const late = await gateway.decide(toolCall(tenant, other(1), { task }));
    expect(late.allowed).toBe(false);
    expect(['task-ended', 'task-revoked']).toContain(late.reason);
  });

  it('a full pending list refuses, and says so', async () => {
    const { tenant, start } = await open(servers);
    const { authority, metrics } = await start();
    for (let n = 0; n < PENDING_MAX; n += 1) {
      expect((await authority.decide(toolCall(tenant, AGENT))).allowed).toBe(true);
    }
    expect(await authority.decide(toolCall(tenant, AGENT))).toMatchObject({
      allowed: false,
      basis: 'limit',
      reason: 'full',
      retryable: true,
    });
    await expect(authority.pend(toolResult(toolCall(tenant, AGENT)))).rejects.toMatchObject({ code: 'full' });
    expect(await metrics.text()).toContain('driftline_authority_pending_full_total 2');
  });

  it('drops what was allowed ten minutes ago and never logged, and counts it', async () => {
    const { tenant, start, store } = await open(servers);
    const { authority, metrics } = await start();
    const old = toolCall(tenant, AGENT, { time: Date.now() - 11 * 60_000 });
    await authority.decide(toolCall(tenant, AGENT));
    const { partitionOf } = await import('#activity');
    const { TOPICS } = await import('#activity/types');
    const key = agentKey(old);
    const partition = `activity/${partitionOf(key, await ground!.log.partitions(TOPICS.activity))}` as const;
    const { version } = await store.view(partition, key);
    const entry = { id: old.id, activity: encodeActivity(old), atMs: old.time };
    expect(await store.appendPending(partition, key, version, entry)).toBe('appended');
    expect((await authority.decide(toolCall(tenant, AGENT))).allowed).toBe(true);
    expect((await pendingOf(ground!, AGENT)).map(({ id }) => id)).not.toContain(old.id);
    expect(await metrics.text()).toContain('driftline_authority_pending_expired_total 1');
  });

  it('is not current: no engine, one that lags, another policy', async () => {
    const { tenant, start, keepCurrent, stopCurrency, policy } = await open(servers);
    const { authority, url, metrics } = await start({ maxStaleMs: 600 });
    const gateway = over(url);
    expect((await gateway.decide(toolCall(tenant, AGENT))).allowed).toBe(true);
    await stopCurrency();
    await new Promise((resolve) => setTimeout(resolve, 900));
    for (const asked of [gateway, authority]) {
      await expect(asked.decide(toolCall(tenant, AGENT))).rejects.toMatchObject({ code: 'not-current' });
      await expect(asked.task('t0-unknownxx')).rejects.toMatchObject({ code: 'not-current' });
    }
    await keepCurrent('another policy');
    await expect(gateway.decide(toolCall(tenant, AGENT))).rejects.toMatchObject({
      code: 'not-current',
      message: /policy/,
    });
    await keepCurrent(policy.digest);
    expect((await gateway.decide(toolCall(tenant, AGENT))).allowed).toBe(true);
    expect(await metrics.text()).toMatch(/driftline_authority_not_current_total\{cause="policy"\} 1/);
  });
});
