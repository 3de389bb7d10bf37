import { expect, it } from 'vitest';
import { agentKey } from '#activity/types';
import { partitionOf } from '#activity';
import type { StateStore } from '#store';
import { folded, openGround, PARTITIONS, Reporter, send } from '../engine/harness.js';

/** A store that had fallen back was still called current while its state was folded again. */
it('a partition that another writer moved is not current until it is folded again', async () => {
  const ground = await openGround('embedded');
  try {
    const gateway = new Reporter();
    const first = gateway.call('a');
    const number = partitionOf(agentKey(first), PARTITIONS);
    const id = `activity/${number}` as const;
    const told: { caughtUpAtMs: number; offset: number | null }[] = [];
    const store = new Proxy(ground.store, {
      get(target, name) {
        if (name === 'touch') {
          return async (...[partition, currency]: Parameters<StateStore['touch']>) => {
            const marker = await target.marker(id);
            if (partition === id)
              told.push({ caughtUpAtMs: currency.caughtUpAtMs, offset: marker?.offset ?? null });
            await target.touch(partition, currency);
          };
        }
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
    await ground.start({ store });
    await send(ground.log, [first]);
    await folded(ground);
    const before = await ground.store.marker(id);
    await send(ground.log, [gateway.call('a'), gateway.call('a')]);
    await folded(ground);
    // The store lost its last writes.
    const expected = await ground.store.marker(id);
    const nothing = { states: [], folded: [], tasks: [] };
    await ground.store.commit({ partition: id, expected, next: before!, ...nothing });
    told.length = 0;
    const [place] = await send(ground.log, [gateway.call('a')]);
    await folded(ground);
    await expect.poll(() => told.at(-1)?.caughtUpAtMs ?? 0, { timeout: 5_000 }).toBeGreaterThan(0);
    const cleared = told.findIndex(({ caughtUpAtMs }) => caughtUpAtMs === 0);
    expect(told[cleared]).toEqual({ caughtUpAtMs: 0, offset: before!.offset });
    expect(told.slice(cleared + 1).every(({ offset }) => offset === place!.offset)).toBe(true);
    const current = async () => (await ground.store.view(id, agentKey(first))).currency!.caughtUpAtMs;
    await expect.poll(current, { timeout: 5_000 }).toBeGreaterThan(0);
  } finally {
    await ground.close();
  }
});
