import { expect, it } from 'vitest';
import { TOPICS } from '#activity/types';
import { openEmbeddedLog } from '#stream';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RevocationFeed } from '../../apps/gateway/src/enforce/feed.js';
import { GatewayMetrics } from '../../apps/gateway/src/metrics.js';
import { quiet } from '../gateway/world.js';

/** The position moved past a revocation that was not enforced, and containment took that for a proof. */
it('a gateway does not confirm a position behind a revocation that it could not read', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'driftline-issue-'));
  const log = await openEmbeddedLog({ dir });
  const name = TOPICS.revocations;
  await log.ensureTopics([{ name, partitions: 1, compacted: true, retentionMs: null }]);
  const tombstone = { key: 'lift:x', value: null, partition: 0 };
  await log.append(name, [tombstone, { key: 'r', value: Buffer.from('?'), partition: 0 }, tombstone]);
  const feed = new RevocationFeed(new GatewayMetrics(), quiet);
  const nobody = { applied: () => undefined, lifted: () => undefined };
  await feed.start(log, nobody, (error) => expect.fail(error.message));
  expect(feed.position).toBe(1);
  await feed.stop();
  await log.close();
  rmSync(dir, { recursive: true });
});
