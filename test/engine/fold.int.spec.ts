import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeActivity, partitionOf, decodeDeadLetter } from '#activity';
import { agentKey, TOPICS } from '#activity/types';
import {
  activations,
  alerts,
  cleanReplay,
  folded,
  modes,
  named,
  openGround,
  PARTITIONS,
  POLICY,
  policies,
  policyTopic,
  readAll,
  Reporter,
  revocations,
  send,
  storedStates,
  type Ground,
} from './harness.js';

const until = (check: () => Promise<void> | void) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

describe.each(modes())('the engine folds activity (%s)', (mode) => {
  let ground: Ground;
  beforeEach(async () => {
    ground = await openGround(mode, { batchEvents: 100 });
  });
  afterEach(() => ground.close());

  it('keeps the state a clean replay gives, byte for byte, and publishes each command once', async () => {
    const { log, store } = ground;
    const engine = await ground.start();
    const activities = new Reporter().calls(1_500, 40, 50);
    for (let i = 0; i < activities.length; i += 300) await send(log, activities.slice(i, i + 300));
    await folded(ground);
    const states = await storedStates(store);
    expect(states.size).toBe(40);
    expect(states).toEqual(await cleanReplay(log));
    const ids = (await revocations(log)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const baited = new Set(activities.filter(({ tool }) => tool === 'bait').map((call) => agentKey(call)));
    expect(new Set((await revocations(log)).map(({ agent }) => agent))).toEqual(baited);
    expect((await alerts(log)).length).toBeGreaterThanOrEqual(baited.size);
    // Counted once the commit is answered, a moment after it is seen in the store.
    await expect.poll(() => engine.metrics.text()).toContain('driftline_activities_total 1500');
  });

  it('goes on at the marker after a restart, folding nothing twice', async () => {
    const { log, store } = ground;
    const reporter = new Reporter();
    await ground.start();
    await send(log, reporter.calls(300, 10, 100));
    await folded(ground);
    await ground.stopEngines();
    await send(log, reporter.calls(300, 10, 100));
    const second = await ground.start();
    await folded(ground);
    expect(await storedStates(store)).toEqual(await cleanReplay(log));
    await expect.poll(() => second.metrics.text()).toContain('driftline_activities_total 300');
    expect(await second.metrics.text()).toContain('driftline_duplicates_total 0');
  });

  it('drops retries exactly and counts gaps', async () => {
    const { log, store } = ground;
    const engine = await ground.start();
    const reporter = new Reporter();
    const calls = Array.from({ length: 10 }, () => reporter.call('one'));
    await send(log, calls.slice(0, 4));
    await send(log, calls.slice(2, 4));
    await send(log, calls.slice(6));
    await folded(ground);
    expect(await engine.metrics.text()).toContain('driftline_duplicates_total 2');
    expect(await engine.metrics.text()).toContain('driftline_sequence_gaps_total 2');
    await send(log, calls.slice(4, 6));
    await folded(ground);
    expect(await storedStates(store)).toEqual(await cleanReplay(log));
  });

  it('puts poison aside with its bytes and its place, and never stops', async () => {
    const { log, store } = ground;
    const engine = await ground.start();
    const reporter = new Reporter();
    const before = reporter.call('one');
    const partition = partitionOf(agentKey(before), PARTITIONS);
    await send(log, [before]);
    const poison = [Buffer.from('not an activity'), Buffer.alloc(0), encodeActivity(before).subarray(0, 40)];
    const places = await log.append(
      TOPICS.activity,
      poison.map((value) => ({ key: 'k', value, partition })),
    );
    const astray = reporter.call('two');
    const elsewhere = (partitionOf(agentKey(astray), PARTITIONS) + 1) % PARTITIONS;
    await log.append(TOPICS.activity, [
      { key: agentKey(astray), value: encodeActivity(astray), partition: elsewhere },
    ]);
    await send(log, [reporter.call('one')]);
    await folded(ground);
    const letters = (await readAll(log, TOPICS.deadLetters)).map(({ value }) => decodeDeadLetter(value!));
    expect(letters.map(({ code }) => code).sort()).toEqual(
      ['DL_ENGINE_WRONG_PARTITION', 'DL_WIRE_EMPTY', 'DL_WIRE_FRAMING', 'DL_WIRE_TRUNCATED'].sort(),
    );
    for (const [i, { offset }] of places.entries()) {
      const letter = letters.find((one) => one.partition === partition && one.offset === offset);
      expect(letter).toMatchObject({ topic: TOPICS.activity });
      expect(Buffer.from(letter!.value)).toEqual(poison[i]);
    }
    expect([...(await storedStates(store)).keys()]).toEqual([agentKey(before)]);
    expect(await engine.metrics.text()).toContain(
      'driftline_dead_letters_total{code="DL_ENGINE_WRONG_PARTITION"} 1',
    );
  });

  it('removes from the pending list what it folded', async () => {
    const { log, store } = ground;
    await ground.start();
    const reporter = new Reporter();
    const call = { ...reporter.call('one'), pending: true };
    const [key, other] = [agentKey(call), { ...reporter.call('one'), pending: true }];
    const id = `activity/${partitionOf(key, PARTITIONS)}` as const;
    for (const activity of [call, other]) {
      const { version } = await store.view(id, key);
      const entry = {
        id: activity.id,
        activity: encodeActivity({ ...activity, sequence: 0 }),
        atMs: Date.now(),
      };
      expect(await store.appendPending(id, key, version, entry)).toBe('appended');
    }
    await send(log, [call]);
    await folded(ground);
    expect((await store.view(id, key)).pending.map((entry) => entry.id)).toEqual([other.id]);
  });

  it('says that state is current, with the policy that judged, also where nothing happens', async () => {
    const { store } = ground;
    await ground.start();
    await until(async () => {
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        const { currency } = await store.view(`activity/${partition}`, 'acme|nobody');
        expect(currency?.policy).toBe(POLICY.digest);
        expect(Date.now() - currency!.caughtUpAtMs).toBeLessThan(1_500);
      }
    });
  });

  it('writes a tick to each partition, which belongs to no agent', async () => {
    const { log, store, config } = ground;
    await ground.start({ config: { ...config, engine: { ...config.engine, tickMs: 100 } } });
    await until(async () => {
      const types = (await readAll(log, TOPICS.activity)).map(({ partition, headers }) => {
        return `${partition} ${headers['ce_type']}`;
      });
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        expect(types).toContain(`${partition} dev.driftline.tick.v1`);
        expect(
          types.filter((type) => type === `${partition} dev.driftline.policy-activated.v1`),
        ).toHaveLength(1);
      }
    });
    expect((await storedStates(store)).size).toBe(0);
  });

  it('keeps the active policy when an engine with another configured one starts, and says so', async () => {
    const { log, store } = ground;
    const reporter = new Reporter();
    await ground.start();
    await send(log, reporter.calls(50, 5));
    await folded(ground);
    await ground.stopEngines();
    const next = named({ ...POLICY, detectors: {} });
    const engine = await ground.start({ policy: next });
    await send(log, reporter.calls(50, 5, 10));
    await folded(ground);
    expect(await storedStates(store)).toEqual(await cleanReplay(log));
    expect(new Set((await revocations(log)).map(({ policy }) => policy))).toEqual(new Set([POLICY.digest]));
    expect(engine.health.report().notes?.['policy']).toContain('differs from the active one');
    expect(await engine.metrics.text()).toContain('driftline_policy_differs 1');
    expect((await activations(log)).map(({ revision }) => revision)).toEqual(Array(PARTITIONS).fill(1));
  });

  it('activates another policy while it runs: from its record on in each partition, and after a restart', async () => {
    const { log, store } = ground;
    const reporter = new Reporter();
    const engine = await ground.start();
    await send(log, reporter.calls(50, 5, 10));
    await folded(ground);
    const before = (await revocations(log)).length;
    expect(before).toBeGreaterThan(0);
    const next = named({ ...POLICY, detectors: {} });
    await engine.configure(next, 'the test edits the file');
    await until(async () => expect(await activations(log)).toHaveLength(2 * PARTITIONS));
    await folded(ground);
    await send(log, reporter.calls(50, 5, 10));
    await folded(ground);
    await ground.stopEngines();
    const second = await ground.start();
    await send(log, reporter.calls(50, 5, 10));
    await folded(ground);
    expect(await revocations(log)).toHaveLength(before);
    expect(await storedStates(store)).toEqual(await cleanReplay(log, [POLICY, next]));
    expect(await activations(log)).toHaveLength(2 * PARTITIONS);
    expect(await second.metrics.text()).toContain('driftline_policy_revision 2');
    const [last] = (await activations(log)).slice(-1);
    expect(last).toMatchObject({ policy: next.digest, revision: 2, by: 'configuration' });
  });

  it('takes an edited file for its operator’s word, and an unchanged one not', async () => {
    const { log } = ground;
    const edited = named({ ...POLICY, name: 'edited' });
    const person = named({ ...POLICY, name: 'a person’s' });
    const start = async (policy: typeof POLICY) => {
      const engine = await ground.start({ policy, configured: 'edited' });
      await until(async () => expect(await activations(log)).not.toHaveLength(0));
      await ground.stopEngines();
      return (await engine.metrics.text()).match(/driftline_policy_revision (\d+)/)?.[1];
    };
    expect(await start(POLICY)).toBe('1');
    expect(await start(edited)).toBe('2');
    const topic = await policyTopic(log);
    await topic.activate(person, 'ada');
    await topic.stop();
    expect(await start(edited)).toBe('3');
    expect(await start(POLICY)).toBe('4');
  });

  it('stops enforcing what fires on everyone where the policy says so, from a record on that replay follows', async () => {
    const { log, store } = ground;
    const floodGuard = { windowMs: 3_600_000, minAgents: 5, share: 0.5, response: 'observe' as const };
    const options = { single: ['spiffe://acme/*'], verified: [], window: 60_000 };
    const identity = { mode: 'enforce' as const, weight: 0.9, ceiling: 0.95, halfLifeMs: 600_000, options };
    const detectors = { ...POLICY.detectors, identity };
    const guarded = named({ ...POLICY, detectors, floodGuard });
    const engine = await ground.start({ policy: guarded });
    const reporter = new Reporter();
    const elsewhere = new Reporter();
    const agents = Array.from({ length: 8 }, (_, i) => i);
    /** Eight agents at work at two gateways in turn. */
    const inTwoPlaces = (name: string) => {
      const from = Date.now();
      const calls = [reporter, elsewhere, reporter].flatMap((gateway, turn) =>
        agents.map((i) => gateway.call(`${name}-${i}`, { time: from + turn })),
      );
      return send(log, calls);
    };
    await send(log, reporter.calls(4, 4));
    await inTwoPlaces('busy');
    await until(async () => {
      // A tally is written down with what is folded, a few seconds apart.
      await send(log, [reporter.call('agent-0')]);
      expect((await activations(log)).map(({ revision }) => revision)).toContain(2);
    });
    await folded(ground);
    const derived = (await activations(log)).find(({ revision }) => revision === 2)!;
    expect(derived).toMatchObject({
      by: 'flood-guard',
      reason: expect.stringContaining('identity fired on'),
    });
    const before = (await revocations(log)).length;
    expect(before).toBe(8);
    await until(async () => expect(await activations(log)).toHaveLength(2 * PARTITIONS));
    await folded(ground);
    await inTwoPlaces('other');
    await folded(ground);
    expect(await revocations(log)).toHaveLength(before);
    await send(log, [reporter.bait('other-0')]);
    await folded(ground);
    expect(await revocations(log)).toHaveLength(before + 1);
    const told = (await alerts(log)).filter(({ id }) => id.startsWith('rule-flood'));
    expect(told.map(({ title }) => title)).toEqual([
      expect.stringMatching(/^identity fires on \d+ % of the agents$/),
    ]);
    expect(await engine.metrics.text()).toContain('driftline_rule_floods_total{cause="identity"} 1');
    const { documents } = await policies(log);
    expect(await storedStates(store)).toEqual(await cleanReplay(log, [guarded, ...documents]));
  });

  it('has two engines that start at once agree on one first policy', async () => {
    const { log } = ground;
    const other = named({ ...POLICY, name: 'other' });
    const [one, two] = await Promise.all([ground.start(), ground.start({ policy: other })]);
    await until(async () => expect(await activations(log)).not.toHaveLength(0));
    await folded(ground);
    const active = new Set((await activations(log)).map(({ policy }) => policy));
    expect(active.size).toBe(1);
    for (const engine of [one, two]) {
      expect(await engine.metrics.text()).toContain('driftline_policy_revision 1');
      expect(engine.halted()).toEqual([]);
    }
  });

  it('shares the partitions with another engine, and takes them back', async () => {
    const { log, store } = ground;
    const reporter = new Reporter();
    const first = await ground.start();
    const second = await ground.start();
    await send(log, reporter.calls(400, 20, 50));
    await folded(ground);
    await second.stop();
    await send(log, reporter.calls(400, 20, 50));
    await folded(ground);
    expect(await storedStates(store)).toEqual(await cleanReplay(log));
    expect(first.halted()).toEqual([]);
  });
});
