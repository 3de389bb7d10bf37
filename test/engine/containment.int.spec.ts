import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeGatewayReport, encodeRevocation } from '#activity';
import { agentKey, TOPICS, type Effect, type GatewayReport, type Revocation } from '#activity/types';
import type { RunningEngine } from '#engine';
import { alerts, modes, openGround, readAll, Reporter, revocations, send, type Ground } from './harness.js';

const LEASE_MS = 500;
/** How often the role looks at what is over. */
const SETTLE_MS = 500;
/** Lease, margin and the interval of looking, with room for a loaded machine. */
const SOON = { timeout: 15_000, interval: 50 };

describe.each(modes())('containment (%s)', (mode) => {
  let ground: Ground;
  let engine: RunningEngine;
  beforeEach(async () => {
    ground = await openGround(mode);
    engine = await ground.start();
  });
  afterEach(() => ground.close());

  const report = async (...reports: Partial<GatewayReport>[]) => {
    const records = reports.map((one) => {
      const whole = { gateway: `gw-${one.instance}`, at: Date.now(), ...one } as GatewayReport;
      return { key: whole.instance, value: encodeGatewayReport(whole), partition: 0 };
    });
    await ground.log.append(TOPICS.enforcements, records);
  };
  const register = (instance: string, closes: Effect[] = []) =>
    report({
      type: 'GatewayRegistered',
      instance,
      leaseMs: LEASE_MS,
      failMode: (['read', 'write', 'delete', 'execute', 'send', 'admin', 'unknown'] as const).map(
        (effect) => ({
          effect,
          closed: closes.includes(effect),
        }),
      ),
    });
  const heartbeat = async (instance: string) => {
    const { end } = await ground.log.bounds(TOPICS.revocations, 0);
    await report({ type: 'GatewayHeartbeat', instance, position: end });
  };
  const revoke = async (agent: string): Promise<Revocation> => {
    const bait = new Reporter().bait(agent);
    await send(ground.log, [bait]);
    let found: Revocation | undefined;
    await expect
      .poll(
        async () => (found = (await revocations(ground.log)).find((one) => one.agent === agentKey(bait))),
        SOON,
      )
      .toBeDefined();
    return found!;
  };
  const known = (id: string, at = engine) => at.containment()?.find(({ revocation }) => revocation === id);

  it('is proved by every gateway, and kept over a restart', async () => {
    await register('a');
    await register('b');
    const { id } = await revoke('one');
    await report({
      type: 'Enforcement',
      instance: 'a',
      revocation: id,
      outcome: 'applied',
      callId: null,
      effect: null,
    });
    await expect.poll(() => known(id)?.effects[0]?.missing, SOON).toEqual(['b']);
    await ground.stopEngines();
    engine = await ground.start();
    await expect.poll(() => known(id)?.effects[0]?.missing, SOON).toEqual(['b']);
    await heartbeat('b');
    await expect.poll(() => known(id)?.contained, SOON).toBe(true);
    const { effects } = known(id)!;
    await ground.stopEngines();
    engine = await ground.start();
    await expect.poll(() => known(id)?.effects, SOON).toEqual(effects);
  });

  it('raises the alarm when it is not, and names the silent gateway', async () => {
    await register('a', ['write']);
    const { id } = await revoke('one');
    await expect
      .poll(async () => (await alerts(ground.log)).map(({ title }) => title), SOON)
      .toEqual(expect.arrayContaining(['A revocation is not contained', 'Gateway gw-a is silent']));
    const alarm = (await alerts(ground.log)).find(({ title }) => title === 'A revocation is not contained')!;
    expect(alarm).toMatchObject({ revocation: id, level: 'critical', tenant: 'acme' });
    expect(alarm.explanation).toContain('read');
    expect(alarm.explanation).not.toContain('write');
    const byEffect = Object.fromEntries(known(id)!.effects.map((one) => [one.effect, one]));
    expect(byEffect['write']).toMatchObject({ byLease: ['a'] });
    expect(byEffect['read']).toMatchObject({ containedAtMs: null, missing: ['a'] });
    await report({ type: 'GatewayLeft', instance: 'a', by: 'alice' });
    await expect.poll(() => known(id)?.contained, SOON).toBe(true);
    const titles = (await alerts(ground.log)).map(({ title }) => title);
    expect(titles.filter((title) => title.includes('not contained'))).toHaveLength(1);
  });

  it('tells of calls in flight that may have taken effect', async () => {
    await register('a');
    const { id } = await revoke('one');
    const enforcement = { type: 'Enforcement', instance: 'a', revocation: id } as const;
    await report(
      { ...enforcement, outcome: 'completed', callId: 'c-read', effect: 'read' },
      { ...enforcement, outcome: 'completed', callId: 'c-write', effect: 'write' },
      { ...enforcement, outcome: 'stopped', callId: 'c-stopped', effect: 'send' },
    );
    await expect
      .poll(
        async () => (await alerts(ground.log)).filter(({ title }) => title.includes('may have taken')),
        SOON,
      )
      .toHaveLength(1);
    const alarm = (await alerts(ground.log)).find(({ title }) => title.includes('may have taken'))!;
    expect(alarm.explanation).toContain('c-write');
    expect(alarm.revocation).toBe(id);
  });

  it('takes off its topic what ended long ago, and nothing else', async () => {
    const live = await revoke('one');
    const [DAY_MS, nowMs] = [24 * 3_600_000, Date.now()];
    const ended = (id: string, until: number): Revocation => ({
      ...live,
      id,
      issuedAt: until - 1_000,
      until,
    });
    const old = [ended('long-over', nowMs - 2 * DAY_MS), ended('just-over', nowMs - 60_000)];
    await ground.log.append(
      TOPICS.revocations,
      old.map((one) => ({ key: one.id, value: encodeRevocation(one), partition: 0 })),
    );
    const gone = async () => {
      const records = await readAll(ground.log, TOPICS.revocations);
      return records.filter(({ value }) => value === null).map(({ key }) => key!.toString());
    };
    await expect.poll(gone, SOON).toEqual(['long-over']);
    // Another one finds the record and its tombstone, and has nothing to do.
    await ground.stopEngines();
    engine = await ground.start();
    await expect.poll(() => known(live.id), SOON).toBeDefined();
    await sleep(2 * SETTLE_MS);
    expect(await gone()).toEqual(['long-over']);
  });

  it('puts poison on the topic aside and goes on', async () => {
    await ground.log.append(TOPICS.enforcements, [{ key: 'x', value: Buffer.from('poison'), partition: 0 }]);
    await register('a');
    const { id } = await revoke('one');
    await heartbeat('a');
    await expect.poll(() => known(id)?.contained, SOON).toBe(true);
    expect(await engine.metrics.text()).toContain('driftline_dead_letters_total{code="DL_WIRE_FRAMING"} 1');
  });
});
