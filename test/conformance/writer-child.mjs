/** Child of the crash test: `writer-child.mjs embedded|kafka DIR|BROKERS TOPIC PARTITIONS`. Prints `partition end` per durable append. */
import { openEmbeddedLog, openKafkaLog } from '../../dist/libs/stream/src/index.js';

const [mode, where, topic, partitions] = process.argv.slice(2);
const log =
  mode === 'embedded' ? await openEmbeddedLog({ dir: where }) : await openKafkaLog({ brokers: [where] });
const RECORDS = 7;
const CALLS_AT_ONCE = 4;
const next = Array.from({ length: Number(partitions) }, () => 0);

async function write(partition) {
  const from = next[partition];
  next[partition] += RECORDS;
  const records = Array.from({ length: RECORDS }, (_, index) => ({
    key: 'k',
    partition,
    value: Buffer.from(`${from + index} ${'x'.repeat(200)}`),
  }));
  const placed = await log.append(topic, records);
  process.stdout.write(`${partition} ${placed.at(-1).offset + 1}\n`);
}

async function writeForEver(index) {
  for (;;) await write(index % Number(partitions));
}

await Promise.all(Array.from({ length: CALLS_AT_ONCE }, (_, index) => writeForEver(index)));
