/** The middle of a batch: records in, what is to be published and stored out. Synchronous, without I/O. */
import { toDeadLetter } from '#activity';
import { agentKey, type Activity, type Assurance, type DeadLetter } from '#activity/types';
import type { Finding, Policy } from '#drift';
import { stateCodec, type CommitRequest } from '#store';
import type { LogRecord } from '#stream';
import { DEAD_LETTER } from './errors.js';
import { isAgents, type Folder } from './folder.js';
import { DEFAULT_GUARD } from './flood-guard.js';
import { FloodTally } from './flood-tally.js';
import type { Held, HeldStates } from './held-states.js';
import { ASSERTED_GRACE_MS, STATE_GRACE_MS } from './limits.js';
import { Outbox } from './outbox.js';
import type { ReadRecord } from './read-record.js';

/** What a chunk of records amounts to, until it is stored. */
export class Chunk {
  readonly outbox: Outbox;
  /** Ids of pending entries that are folded now, per agent. */
  readonly folded = new Map<string, string[]>();
  readonly tasks: CommitRequest['tasks'] = [];
  /** Code → dead letters. */
  readonly letters = new Map<string, number>();
  /** Reporter → activities whose time had to be clamped. */
  readonly clamped = new Map<string, number>();
  activities = 0;
  duplicates = 0;
  gaps = 0;

  /** `failed` hears of what the core could not fold; `suspects` are agents whose state could not be encoded. */
  constructor(
    private readonly folder: Folder,
    private readonly states: HeldStates,
    private readonly tally: FloodTally,
    source: string,
    private readonly failed: (record: LogRecord, error: unknown) => void,
    private readonly suspects: ReadonlySet<string> = new Set(),
  ) {
    this.outbox = new Outbox(source);
  }

  /** What judges after it. */
  get policy(): Policy {
    return this.folder.policy;
  }

  /** Its revision. */
  get revision(): number {
    return this.folder.revision;
  }

  /** Takes the next record, in order. False = its agent's state is not held, and nothing was done. */
  take({ record, activity, letter }: ReadRecord): boolean {
    if (letter !== null) this.bury(letter);
    else if (!isAgents(activity)) return this.folder.turn(activity);
    else return this.assess(record, activity);
    return true;
  }

  private assess(record: LogRecord, activity: Activity): boolean {
    const key = agentKey(activity);
    const held = this.states.get(key);
    if (held === undefined) return false;
    if (activity.pending) append(this.folded, key, activity.id);
    try {
      const { assessment, clamped } = this.folder.fold(held.next, activity, record.appendTimeMs);
      if (this.suspects.has(key)) stateCodec.encode(assessment.state);
      if (assessment.commands.length > 0) this.outbox.addCommands(assessment.commands);
      if (clamped) this.clamped.set(activity.source, (this.clamped.get(activity.source) ?? 0) + 1);
      if (assessment.duplicate) this.duplicates += 1;
      else this.states.advance(held, assessment.state);
      this.count(held, activity, record, assessment.findings);
      this.gaps += assessment.gap;
      this.activities += 1;
    } catch (error) {
      // A defect of the core, or a command or a state beyond its limits: kept with its bytes, and the partition goes on.
      this.failed(record, error);
      this.bury(deadLetter(record, DEAD_LETTER.notFolded, (error as Error).message));
      return true;
    }
    if (activity.type === 'TaskStarted') {
      const ttlMs =
        Math.max(0, activity.expiresAt - record.appendTimeMs) + stateTtlMs(this.policy, activity.assurance);
      this.tasks.push({ task: activity.task, key, ttlMs });
    }
    return true;
  }

  /** For the flood guard: on how many of those who act something fires. */
  private count(held: Held, activity: Activity, { appendTimeMs }: LogRecord, findings: Finding[]): void {
    if (activity.type !== 'ToolCall' && activity.type !== 'ToolResult') return;
    const windowMs = this.folder.policy.floodGuard?.windowMs ?? DEFAULT_GUARD.windowMs;
    const window = FloodTally.windowOf(appendTimeMs, windowMs);
    if (held.talliedIn !== window) {
      this.tally.acted(held.key, activity.assurance, window);
      held.talliedIn = window;
    }
    if (findings.length > 0) this.tally.found(held.key, activity.assurance, findings);
  }

  private bury(letter: DeadLetter): void {
    this.letters.set(letter.code, (this.letters.get(letter.code) ?? 0) + 1);
    this.outbox.addDeadLetter(letter);
  }
}

/** A state is kept strictly longer than the core looks back, so that a removal is never visible. */
export function stateTtlMs(policy: Policy, assurance: Assurance): number {
  return policy.idleMs + (assurance === 'verified' ? STATE_GRACE_MS : ASSERTED_GRACE_MS);
}

export function deadLetter(record: LogRecord, code: string, reason: string): DeadLetter {
  return toDeadLetter(record, Object.assign(new Error(reason), { code }), record.appendTimeMs);
}

function append(ids: Map<string, string[]>, key: string, id: string): void {
  const list = ids.get(key);
  if (list) list.push(id);
  else ids.set(key, [id]);
}
