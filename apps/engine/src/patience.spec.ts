import { describe, expect, it, vi } from 'vitest';
import { AppendFailed, PartitionHalted, PartitionLost } from '#stream';
import { StoreError } from '#store';
import { createMetrics } from '#telemetry';
import { engineMetrics } from './metrics.js';
import { isCurable, patiently } from './patience.js';

const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const where = { topic: 't', partition: 1 };
const away = () => new StoreError('DL_STORE_UNAVAILABLE', 'away');

describe('patience', () => {
  it('tries until it works, with a heartbeat in between, and counts each failure', async () => {
    const metrics = createMetrics();
    const heartbeat = vi.fn<() => Promise<void>>(async () => undefined);
    const attempt = vi
      .fn<() => Promise<string>>(async () => 'done')
      .mockRejectedValueOnce(away())
      .mockRejectedValueOnce(away());
    const parts = { metrics: engineMetrics(metrics), logger: quiet };
    expect(await patiently(parts, where, { heartbeat, stale: () => false }, attempt)).toBe('done');
    expect(attempt).toHaveBeenCalledTimes(3);
    expect(heartbeat).toHaveBeenCalledTimes(2);
    expect(await metrics.text()).toContain('driftline_store_errors_total{code="DL_STORE_UNAVAILABLE"} 2');
  });

  it('ends when the partition was taken away', async () => {
    const parts = { metrics: engineMetrics(createMetrics()), logger: quiet };
    const waiting = { heartbeat: async () => undefined, stale: () => true };
    const attempt = async () => Promise.reject(away());
    await expect(patiently(parts, where, waiting, attempt)).rejects.toBeInstanceOf(PartitionLost);
  });

  it.each([
    [away(), true],
    [new StoreError('DL_STORE_TIMEOUT', ''), true],
    [new StoreError('DL_STORE_DENIED', ''), false],
    [new AppendFailed('append-timeout', 'unknown', ''), true],
    [new AppendFailed('append-refused', 'unknown', ''), false],
    [new PartitionHalted('x', ''), false],
    [new TypeError('a defect'), false],
    [new Error('a broker that is away'), true],
    ['thrown text', false],
  ])('%s can be cured by waiting: %s', (error, curable) => {
    expect(isCurable(error)).toBe(curable);
  });
});
