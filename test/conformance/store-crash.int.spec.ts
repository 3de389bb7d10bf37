import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openEmbeddedStore, type PartitionId, type StateStore } from '#store';
import { collect } from './store.js';

const CHILD = fileURLToPath(new URL('store-child.mjs', import.meta.url));
const BUILT = fileURLToPath(new URL('../../dist/libs/store/src/index.js', import.meta.url));
const PARTITIONS: PartitionId[] = ['activity/0', 'activity/1', 'activity/2'];
const KILLS = 12;

it('keeps every acknowledged commit, and never half of one, when its process is killed', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'driftline-crash-'));
  try {
    for (let kill = 0; kill < KILLS; kill += 1) {
      const acknowledged = await killedWriter(dir, 5 + ((kill * 17) % 60));
      const store = await openEmbeddedStore({ dir });
      for (const partition of PARTITIONS) {
        const last = acknowledged.get(partition) ?? 0;
        await expect(verify(store, partition, last)).resolves.toBeUndefined();
      }
      await store.close();
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});

async function verify(store: StateStore, partition: PartitionId, acknowledged: number): Promise<void> {
  const offset = (await store.marker(partition))?.offset ?? 0;
  expect(offset).toBeGreaterThanOrEqual(acknowledged);
  if (offset === 0) return;
  const keys = await collect(store.keys(partition));
  expect(keys).toHaveLength(50);
  const states = await store.load(partition, keys);
  const writtenAt = new Set(states.map((state) => Buffer.from(state!).toString().split(' ')[0]));
  expect([...writtenAt]).toEqual([String(offset)]);
  expect(await store.taskAgent(partition, `t-${offset}`)).toBe('agent-0');
  expect(await store.taskAgent(partition, `t-${offset + 1}`)).toBeNull();
  // Pending holds what was appended after the last commit, and nothing that it folded.
  const { pending } = await store.view(partition, 'agent-0');
  expect(pending.filter(({ id }) => id !== `i-${offset + 1}`)).toEqual([]);
}

/** Runs the child, kills it (SIGKILL) after so many acknowledged commits; answers the last one of each partition. */
async function killedWriter(dir: string, killAfter: number): Promise<Map<string, number>> {
  if (!existsSync(BUILT))
    throw new Error(`${BUILT} is missing: the child runs the build. Run \`npm run build\`.`);
  const child = spawn(process.execPath, [CHILD, dir, ...PARTITIONS], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const acknowledged = new Map<string, number>();
  let commits = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [partition, offset] = line.split(' ') as [string, string];
    acknowledged.set(partition, Number(offset));
    commits += 1;
    if (commits === killAfter) child.kill('SIGKILL');
  }
  await gone;
  expect(commits).toBeGreaterThanOrEqual(killAfter);
  return acknowledged;
}
