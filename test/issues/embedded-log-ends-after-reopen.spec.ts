import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openEmbeddedLog } from '#stream';

const dir = mkdtempSync(join(tmpdir(), 'driftline-issue-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A reverse range that began at the next partition's first key took that partition's record for the own last one. */
it('every partition of the embedded log ends where it ended before it was reopened', async () => {
  const counts = [100, 250, 3, 50];
  const topic = { name: 'many', partitions: counts.length, compacted: false, retentionMs: null };
  const first = await openEmbeddedLog({ dir });
  await first.ensureTopics([topic]);
  for (const [partition, count] of counts.entries()) {
    const records = Array.from({ length: count }, (_, i) => ({
      key: `k${i}`,
      value: Buffer.from([i]),
      partition,
    }));
    await first.append(topic.name, records);
  }
  await first.close();

  const again = await openEmbeddedLog({ dir });
  const ends = await Promise.all(
    counts.map(async (_, partition) => (await again.bounds(topic.name, partition)).end),
  );
  await again.close();
  expect(ends).toEqual(counts);
});
