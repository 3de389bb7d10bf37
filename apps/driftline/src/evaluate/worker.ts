/** One core's share: batches of runs in, verdicts out. */
import { parentPort, workerData } from 'node:worker_threads';
import { prepareGround, type GroundSource } from './ground.js';
import { judgeRun, type Judged, type Settings } from './judge-run.js';
import type { Run } from './runs.js';

export interface WorkerData {
  source: GroundSource;
  settings: Settings;
}

export interface Batch {
  number: number;
  runs: Run[];
}

export interface BatchDone {
  number: number;
  judged: Judged[][];
}

if (parentPort !== null) {
  const port = parentPort;
  const { source, settings } = workerData as WorkerData;
  const ground = prepareGround(source);
  port.on('message', ({ number, runs }: Batch) => {
    port.postMessage({ number, judged: runs.map((run) => judgeRun(ground, run, settings)) });
  });
}
