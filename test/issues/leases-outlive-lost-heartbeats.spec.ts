import { expect, it } from 'vitest';
import { Config } from '#config';

/** At 500 ms a heartbeat was due every 100 ms: one slow append and a healthy gateway shut itself. */
it('a lease is long enough for a log that is slow for a moment', () => {
  expect(Config.safeParse({ gateway: { leaseMs: 2_499 } }).success).toBe(false);
  expect(Config.parse({ gateway: { leaseMs: 2_500 } }).gateway.leaseMs).toBe(2_500);
});
