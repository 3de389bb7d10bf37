import { afterEach, expect, it, vi } from 'vitest';
import { Blindness } from '../../apps/engine/src/blindness.js';
import { BLIND_AFTER_MS, BLIND_PERIOD_MS } from '../../apps/engine/src/limits.js';
import { engineMetrics } from '../../apps/engine/src/metrics.js';
import type { Parts } from '../../apps/engine/src/parts.js';
import { createMetrics } from '#telemetry';
import { alerts, folded, openGround, POLICY, quiet, Reporter, send, type Ground } from '../engine/harness.js';

let ground: Ground | undefined;
afterEach(() => ground?.close());

/** Both were counted in a metric and nothing else. */
it('activities that are missing by their number are an alarm, once in a while', async () => {
  ground = await openGround('embedded');
  const gateway = new Reporter();
  const calls = Array.from({ length: 9 }, () => gateway.call('a'));
  await ground.start();
  await send(ground.log, [calls[0]!, calls[3]!]);
  await folded(ground);
  await send(ground.log, [calls[8]!]);
  await folded(ground);
  const { log } = ground;
  const found = await vi.waitFor(async () => {
    const gaps = (await alerts(log)).filter(({ id }) => id.startsWith('sequence-gaps-'));
    expect(gaps.length).toBeGreaterThan(0);
    return gaps;
  });
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({ level: 'high', agent: '' });
  expect(found[0]!.explanation).toMatch(/^2 activities/);
});

it('a partition that is not current for long is an alarm, once in a while and under one id', async () => {
  ground = await openGround('embedded');
  const parts = {
    log: ground.log,
    config: ground.config,
    logger: quiet,
    metrics: engineMetrics(createMetrics()),
    policies: { active: { policy: POLICY.digest } },
    source: 'engine/e',
  } as unknown as Parts;
  const nowMs = BLIND_PERIOD_MS * 3_000_000;
  for (const blindness of [new Blindness(parts), new Blindness(parts)]) {
    await blindness.age(1, BLIND_AFTER_MS, nowMs);
    await blindness.age(1, BLIND_AFTER_MS + 1, nowMs);
    await blindness.age(1, BLIND_AFTER_MS + 501, nowMs + 500);
  }
  await new Blindness(parts).age(1, BLIND_AFTER_MS + 1, nowMs + BLIND_PERIOD_MS);
  const ids = (await alerts(ground.log)).map(({ id }) => id);
  // Two engines in one period say the same; the next period is another alarm.
  expect([ids.length, new Set(ids).size, ids[0] === ids[1]]).toEqual([3, 2, true]);
});
