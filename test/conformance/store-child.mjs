/**
 * Child of the crash test: `store-child.mjs DIR PARTITION…`. Commits batch after batch to each partition, all at once:
 * every agent's state says at which offset it was written. Prints `partition offset` per acknowledged commit.
 */
import { openEmbeddedStore } from '../../dist/libs/store/src/index.js';

const AGENTS = 50;
const HOUR_MS = 3_600_000;
const [dir, ...partitions] = process.argv.slice(2);
const store = await openEmbeddedStore({ dir });

async function step(partition, expected) {
  const offset = (expected?.offset ?? 0) + 1;
  const view = await store.view(partition, 'agent-0');
  const entry = { id: `i-${offset}`, activity: Buffer.from('x'), atMs: 1 };
  await store.appendPending(partition, 'agent-0', view.version, entry);
  const next = { logId: 'log', offset, checksum: `${offset}` };
  const states = Array.from({ length: AGENTS }, (_, i) => ({
    key: `agent-${i}`,
    state: Buffer.from(`${offset} ${'x'.repeat(500 + ((offset * 31 + i) % 1_500))}`),
    ttlMs: HOUR_MS,
  }));
  const tasks = [{ task: `t-${offset}`, key: 'agent-0', ttlMs: HOUR_MS }];
  const folded = [{ key: 'agent-0', ids: [entry.id] }];
  const result = await store.commit({ partition, expected, next, states, folded, tasks });
  if (!result.ok) throw new Error(`the only writer of ${partition} met another marker`);
  process.stdout.write(`${partition} ${offset}\n`);
  return next;
}

async function writeForEver(partition) {
  for (let marker = await store.marker(partition); ;) marker = await step(partition, marker);
}

await Promise.all(partitions.map(writeForEver));
