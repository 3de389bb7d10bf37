import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeActivity, partitionOf, decodeDeadLetter } from '#activity';
import { agentKey, TOPICS } from '#activity/types';
import {
  alerts,
  cleanReplay,
  folded,
  modes,
  named,
  openGround,
  PARTITIONS,
  POLICY,
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
    expect(await engine.metrics.text()).toContain('driftline_activities_total 1500');
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
    expect(await second.metrics.text()).toContain('driftline_activities_total 300');
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

  it('folds with the policy the log names, and the next one from its record on', async () => {
    const { log, store } = ground;
    const reporter = new Reporter();
    await ground.start();
    await send(log, reporter.calls(50, 5));
    await folded(ground);
    await ground.stopEngines();
    const next = named({ ...POLICY, detectors: {} });
    await send(log, reporter.calls(50, 5, 10));
    await ground.start({ policy: next });
    await send(log, reporter.calls(50, 5, 10));
    await folded(ground);
    expect(await storedStates(store)).toEqual(await cleanReplay(log, [POLICY, next]));
    // The baits before the new policy's record are judged by the old one, those after it by one without detectors.
    expect((await revocations(log)).length).toBeGreaterThan(0);
    expect(new Set((await revocations(log)).map(({ policy }) => policy))).toEqual(new Set([POLICY.digest]));
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
