/** Limits of every store, whatever the adapter. Crossing one is a `StoreError` `DL_STORE_LIMIT`, never a cut. */
import { StoreError } from './errors.js';
import type { CommitRequest, PendingEntry } from './port.js';

/** One agent's record is kilobytes by design; a mebibyte is a defect, not a big agent. */
export const STATE_MAX_BYTES = 1 << 20;
/** States in one commit: the script that writes them blocks a Redis server while it runs. */
export const COMMIT_STATES_MAX = 20_000;
/** Bytes in one commit, for the same reason, and to stay far below Redis's query buffer limit of 1 GiB. */
export const COMMIT_MAX_BYTES = 128 << 20;
/** One encoded activity in the pending list; the log refuses larger records anyway. */
export const PENDING_ENTRY_MAX_BYTES = 1 << 20;
/**
 * A pending list that nobody touches disappears after this long. Far beyond the ten minutes after which the authority
 * drops entries, so that only lists of agents that are gone are ever removed by it.
 */
export const PENDING_TTL_MS = 3_600_000;

/** Ten years: longer than anything here is meant to live, far from where a server's arithmetic overflows. */
const TTL_MAX_MS = 10 * 365 * 86_400_000;

/** Throws when the commit is beyond a limit. */
export function checkCommit(request: CommitRequest): void {
  const { states } = request;
  if (states.length > COMMIT_STATES_MAX) {
    throw limit(
      `a commit holds at most ${COMMIT_STATES_MAX} states, got ${states.length}: use smaller batches`,
    );
  }
  let bytes = 0;
  for (const write of states) {
    const size = write.state?.byteLength ?? 0;
    if (size > STATE_MAX_BYTES) {
      throw limit(`a state has at most ${STATE_MAX_BYTES} bytes, got ${size} for agent ${write.key}`);
    }
    checkTtl(write.ttlMs, `agent ${write.key}`);
    bytes += size;
  }
  for (const { task, ttlMs } of request.tasks) checkTtl(ttlMs, `task ${task}`);
  if (bytes > COMMIT_MAX_BYTES) {
    throw limit(`a commit has at most ${COMMIT_MAX_BYTES} bytes, got ${bytes}: use smaller batches`);
  }
}

/** Throws when the entry or the task is beyond a limit. */
export function checkPending(entry: PendingEntry, task?: { task: string; ttlMs: number }): void {
  const size = entry.activity.byteLength;
  if (size > PENDING_ENTRY_MAX_BYTES) {
    throw limit(
      `a pending activity has at most ${PENDING_ENTRY_MAX_BYTES} bytes, got ${size} (id ${entry.id})`,
    );
  }
  if (!(entry.atMs >= 0 && entry.atMs <= Number.MAX_SAFE_INTEGER)) {
    throw limit(`atMs is a time in milliseconds, got ${entry.atMs} (id ${entry.id})`);
  }
  if (task) checkTtl(task.ttlMs, `task ${task.task}`);
}

/** Checked before anything is sent: a server would refuse it half-way through a batch. */
function checkTtl(ttlMs: number, of: string): void {
  if (ttlMs >= 1 && ttlMs <= TTL_MAX_MS) return;
  throw limit(`ttlMs lies between 1 and ${TTL_MAX_MS}, got ${ttlMs} for ${of}`);
}

function limit(message: string): StoreError {
  return new StoreError('DL_STORE_LIMIT', message);
}
