/** What is done with each run: something is learned of it, or it is judged. */
import type { PeerCounts } from '#drift';
import { Ground, type GroundSource } from './ground.js';
import { judgeRun, type Judged, type JudgeOptions } from './judge-run.js';
import { countsOf } from './profiles.js';
import { Recording } from './recording.js';
import type { Run } from './runs.js';
import { plainScript } from './script.js';

/** A job as it is given to a worker: plain data. */
export type JobData =
  { job: 'learn'; source: GroundSource } | { job: 'judge'; source: GroundSource; options: JudgeOptions };

export interface Done {
  learn: PeerCounts;
  judge: Judged[];
}

/** Reads policy and tools once. Throws what they throw. */
export function workOf(data: JobData): (run: Run) => Done[JobData['job']] {
  const ground = new Ground(data.source);
  if (data.job === 'judge') return (run) => judgeRun(ground, run, data.options);
  return (run) => countsOf(new Recording(ground, run).activitiesOf(plainScript(run.calls)));
}
