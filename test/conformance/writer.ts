import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('writer-child.mjs', import.meta.url));
const BUILT = fileURLToPath(new URL('../../dist/libs/stream/src/index.js', import.meta.url));

/**
 * Starts a process that appends numbered records as fast as it can, several calls at once, and kills it (SIGKILL) in the
 * middle, after `killAfter` acknowledged calls. Answers how many records per partition it was told are durable.
 */
export async function killedWriter(options: {
  mode: string;
  where: string;
  topic: string;
  partitions: number;
  killAfter: number;
}): Promise<number[]> {
  if (!existsSync(BUILT))
    throw new Error(`${BUILT} is missing: the child process runs the build. Run \`npm run build\`.`);
  const { mode, where, topic, partitions } = options;
  const child = spawn(process.execPath, [CHILD, mode, where, topic, String(partitions)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const acknowledged = Array.from({ length: partitions }, () => 0);
  let calls = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [partition, end] = line.split(' ').map(Number) as [number, number];
    acknowledged[partition] = Math.max(acknowledged[partition]!, end);
    calls += 1;
    if (calls === options.killAfter) child.kill('SIGKILL');
  }
  await gone;
  if (calls < options.killAfter) throw new Error(`the writer ended by itself after ${calls} appends`);
  return acknowledged;
}
