/** The middle of a batch: decoded records in, what is to be published and stored out. Synchronous, without I/O. */
import { toDeadLetter } from '#activity';
import { agentKey, type Activity, type DeadLetter } from '#activity/types';
import type { Policy } from '#drift';
import type { CommitRequest } from '#store';
import type { LogRecord } from '#stream';
import { DEAD_LETTER } from './errors.js';
import { isAgents, type Folder } from './folder.js';
import type { HeldStates } from './held-states.js';
import { STATE_GRACE_MS } from './limits.js';
import { Outbox } from './outbox.js';
import type { ReadRecord } from './read-record.js';

/** What a chunk of records amounts to, until it is stored. */
export interface Chunk {
  /** What judges after it. */
  policy: Policy;
  outbox: Outbox;
  /** Ids of pending entries that are folded now, per agent. */
  folded: Map<string, string[]>;
  tasks: CommitRequest['tasks'];
  letters: DeadLetter[];
  activities: number;
  duplicates: number;
  gaps: number;
  /** Reporter → activities whose time had to be clamped. */
  clamped: Map<string, number>;
}

/** Assesses in order. `states` must hold every agent of the chunk; what becomes of them is theirs to adopt. */
export function assessChunk(
  folder: Folder,
  states: HeldStates,
  read: ReadRecord[],
  source: string,
  failed: (record: LogRecord, error: unknown) => void,
): Chunk {
  const chunk = emptyChunk(folder.policy, source);
  for (const { record, activity, letter } of read) {
    if (letter !== null) {
      chunk.letters.push(letter);
    } else if (!isAgents(activity)) {
      folder.turn(activity);
    } else {
      try {
        assessOne(folder, states, chunk, record, activity);
      } catch (error) {
        // A defect of the core, or a command beyond its limits: kept with its bytes, and the partition goes on.
        failed(record, error);
        chunk.letters.push(deadLetter(record, DEAD_LETTER.notFolded, (error as Error).message));
      }
    }
  }
  for (const letter of chunk.letters) chunk.outbox.addDeadLetter(letter);
  chunk.policy = folder.policy;
  return chunk;
}

/** A state is kept strictly longer than the core looks back, so that a removal is never visible. */
export function stateTtlMs(policy: Policy): number {
  return policy.idleMs + STATE_GRACE_MS;
}

export function deadLetter(record: LogRecord, code: string, reason: string): DeadLetter {
  return toDeadLetter(record, Object.assign(new Error(reason), { code }), record.appendTimeMs);
}

function assessOne(
  folder: Folder,
  states: HeldStates,
  chunk: Chunk,
  record: LogRecord,
  activity: Activity,
): void {
  const key = agentKey(activity);
  if (activity.pending) append(chunk.folded, key, activity.id);
  const held = states.get(key)!;
  const { state, commands, duplicate, gap, clamped } = folder.fold(held.next, activity, record.appendTimeMs);
  if (commands.length > 0) chunk.outbox.addCommands(commands);
  chunk.activities += 1;
  chunk.gaps += gap;
  if (clamped) chunk.clamped.set(activity.source, (chunk.clamped.get(activity.source) ?? 0) + 1);
  if (duplicate) chunk.duplicates += 1;
  else states.advance(held, state);
  if (activity.type === 'TaskStarted') {
    const ttlMs = Math.max(0, activity.expiresAt - record.appendTimeMs) + stateTtlMs(folder.policy);
    chunk.tasks.push({ task: activity.task, key, ttlMs });
  }
}

function emptyChunk(policy: Policy, source: string): Chunk {
  return {
    policy,
    outbox: new Outbox(source),
    folded: new Map(),
    tasks: [],
    letters: [],
    activities: 0,
    duplicates: 0,
    gaps: 0,
    clamped: new Map(),
  };
}

function append(ids: Map<string, string[]>, key: string, id: string): void {
  const list = ids.get(key);
  if (list) list.push(id);
  else ids.set(key, [id]);
}
