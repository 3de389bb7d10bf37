/** Task ids carry the partition of their agent, so that one look-up finds it: `t<partition>-<random>`. */
import { randomBytes } from 'node:crypto';

const SHAPE = /^t(\d{1,3})-[A-Za-z0-9_-]{8,64}$/;
const RANDOM_BYTES = 12;

export function newTaskId(partition: number): string {
  return `t${partition}-${randomBytes(RANDOM_BYTES).toString('base64url')}`;
}

/** Null for what is no id of ours, or of a log with more partitions. */
export function partitionOfTask(task: string, partitions: number): number | null {
  const digits = SHAPE.exec(task)?.[1];
  const partition = digits === undefined ? NaN : Number(digits);
  return partition < partitions ? partition : null;
}
