import { afterEach, describe, expect, it } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RevocationFeed } from './feed.js';
import { Lease } from './lease.js';
import type { Receipts } from './receipts.js';

const LEASE_MS = 200;
const quiet = () => undefined;

describe('the lease', () => {
  let lease: Lease | undefined;
  afterEach(() => lease?.stop());

  it('is held again once the revocations answer again, however long they were silent', async () => {
    const feed = { progressAgeMs: 0, position: 7 };
    const reports: string[] = [];
    const receipts = { reportNow: async ({ type }: { type: string }) => void reports.push(type) };
    lease = new Lease(
      { gateway: 'g', instance: 'g-1', leaseMs: LEASE_MS, failMode: [] },
      feed as RevocationFeed,
      receipts as unknown as Receipts,
      { debug: quiet, info: quiet, warn: quiet, error: quiet },
    );
    await lease.register();
    expect(lease.held).toBe(true);
    feed.progressAgeMs = 10 * LEASE_MS;
    const silent = Date.now() + 2 * LEASE_MS;
    while (Date.now() < silent) await sleep(10);
    expect(lease.held).toBe(false);
    const before = reports.length;
    feed.progressAgeMs = 0;
    const end = Date.now() + 5_000;
    while (!lease.held && Date.now() < end) await sleep(10);
    expect(lease.held).toBe(true);
    expect(reports.length).toBeGreaterThan(before);
  });
});
