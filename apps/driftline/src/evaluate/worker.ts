/** One core's share: batches of runs in, what came of them out. */
import { parentPort, workerData } from 'node:worker_threads';
import { workOf, type JobData } from './jobs.js';
import type { Run } from './runs.js';

export interface Batch {
  number: number;
  runs: Run[];
}

export interface BatchDone {
  number: number;
  done: unknown[];
}

if (parentPort !== null) {
  const port = parentPort;
  const work = workOf(workerData as JobData);
  port.on('message', ({ number, runs }: Batch) => {
    const done: BatchDone = { number, done: runs.map(work) };
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    port.postMessage(done);
  });
}
