import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openEmbeddedLog } from '#stream';

const dir = mkdtempSync(join(tmpdir(), 'driftline-issue-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The range that looks for the last record excluded offset 0: a lone record was gone, and the next one took its place. */
it('a partition of the embedded log keeps its only record when it is reopened', async () => {
  const topic = { name: 'lonely', partitions: 2, compacted: true, retentionMs: null };
  const append = (log: Awaited<ReturnType<typeof openEmbeddedLog>>, key: string) =>
    log.append(topic.name, [{ key, value: Buffer.from(key), partition: 1 }]);
  const first = await openEmbeddedLog({ dir });
  await first.ensureTopics([topic]);
  await append(first, 'only');
  await first.close();

  const again = await openEmbeddedLog({ dir });
  expect(await again.bounds(topic.name, 0)).toEqual({ start: 0, end: 0 });
  expect(await again.bounds(topic.name, 1)).toEqual({ start: 0, end: 1 });
  expect(await append(again, 'next')).toEqual([{ partition: 1, offset: 1 }]);
  expect((await again.readAt(topic.name, 1, 0))?.value?.toString()).toBe('only');
  await again.close();
});
