/**
 * The role that proves containment: one engine follows what gateways report, through a marker like any other partition,
 * and what was revoked, from the start of its topic. What it knows is kept in the store and survives restarts.
 */
import { checksum, decodeCommand, decodeGatewayReport, DecodeError, toDeadLetter } from '#activity';
import { TOPICS, type DeadLetter } from '#activity/types';
import {
  Containment,
  isInForce,
  RevocationIndex,
  type ContainmentEvent,
  type ContainmentSnapshot,
  type RevocationContainment,
} from '#revocation';
import { sameMarker, type CommitRequest, type Marker } from '#store';
import type { BatchContext, Follower, LogRecord, PartitionHandler } from '#stream';
import { raise, toAlert } from './alarms.js';
import { toAlarm } from './containment-alarms.js';
import {
  CONTAINMENT_KEYS,
  CONTAINMENT_PARTITION,
  decodeContainment,
  encodeContainment,
} from './containment-records.js';
import { EndedRevocations } from './ended.js';
import { ENDED_AT_ONCE, KEPT_MS } from './limits.js';
import { codeOf } from './metrics.js';
import { Outbox } from './outbox.js';
import type { Parts } from './parts.js';
import { countFailure, patiently, type Waiting } from './patience.js';
import { findPlace, halt } from './place.js';

const WHERE = { topic: TOPICS.enforcements, partition: 0 };

export class ContainmentRole implements PartitionHandler {
  private containment: Containment | null = null;
  private readonly live = new RevocationIndex();
  private ended = new EndedRevocations();
  private follower: Follower | null = null;
  /** Every revocation there was at the start is known. */
  private caughtUp = false;
  private marker: Marker | null = null;
  private logId = '';
  private next = 0;
  /** Revocations whose record in the store is behind. */
  private readonly unwritten = new Set<string>();
  private stopping = false;
  /** Batches and the timer change the same state: one after the other. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly parts: Parts,
    private readonly onFatal: (error: Error) => void,
  ) {}

  assigned(): Promise<number> {
    return patiently(this.parts, WHERE, this.waiting(), () => this.place());
  }

  batch(_partition: number, records: LogRecord[], context: BatchContext): Promise<void> {
    return this.inTurn(async () => {
      const fresh = records.filter((record) => record.offset >= this.next);
      if (fresh.length === 0 || (await this.fold(fresh, context))) return;
      this.parts.metrics.repositioned.inc({ partition: 'containment' });
      context.seek(await patiently(this.parts, WHERE, context, () => this.place()));
    });
  }

  async revoked(): Promise<void> {
    this.containment = null;
    await this.follower?.stop();
    this.follower = null;
    this.caughtUp = false;
  }

  /** Waits for the store or the log end. */
  stop(): void {
    this.stopping = true;
  }

  /** On a timer: leases run out and deadlines pass without anybody reporting. */
  settle(): Promise<void> {
    return this.inTurn(async () => {
      try {
        const { end } = await this.parts.log.bounds(TOPICS.enforcements, 0);
        // Behind the log, silence would be lag.
        if (!this.containment || end > this.next) return;
        await this.tell(new Outbox(this.parts.source), this.containment.settle(Date.now()), this.waiting());
        if (this.marker && this.changed().size > 0) await this.write(this.marker, this.waiting());
        await this.removeEnded();
        this.measure();
      } catch (error) {
        countFailure(this.parts, error);
        this.parts.logger.warn({ error }, 'containment could not be looked at');
      }
    });
  }

  /** The consumer left it stopped: nothing is proved any more, and that is said. */
  async haltedBy(error: Error): Promise<void> {
    const code = codeOf(error);
    this.containment = null;
    this.parts.metrics.halted.set({ partition: 'containment', code }, 1);
    await raise(this.parts, {
      cause: ['containment-halted', code, error.message],
      level: 'critical',
      title: `Containment is not followed any more: ${code}`,
      explanation: error.message,
      at: Date.now(),
    });
  }

  /** Whether this engine has the role, and with it those that one engine has. */
  get isOwn(): boolean {
    return this.containment !== null;
  }

  /** What is known now; null while another engine has this role. */
  list(): RevocationContainment[] | null {
    return this.containment?.list(Date.now()) ?? null;
  }

  /** What ended long ago needs no place on its topic: every gateway reads that from its start. */
  private async removeEnded(): Promise<void> {
    if (!this.caughtUp) return;
    const keys = this.ended.due(Date.now(), ENDED_AT_ONCE);
    if (keys.length === 0) return;
    const tombstones = keys.map((key) => ({ key, value: null, partition: 0 }));
    await this.parts.log.append(TOPICS.revocations, tombstones);
    for (const key of keys) this.ended.gone(key);
  }

  /** Finds the place to go on, and what was kept with it; revocations are read again from the start. */
  private async place(): Promise<number> {
    const { log, store } = this.parts;
    await this.revoked();
    const place = await findPlace({ log, store }, TOPICS.enforcements, 0, CONTAINMENT_PARTITION);
    const records = await store.load(CONTAINMENT_PARTITION, CONTAINMENT_KEYS);
    this.containment = new Containment(place.marker ? readKept(records) : null);
    this.unwritten.clear();
    this.logId = await log.id();
    [this.marker, this.next] = [place.marker, place.next];
    this.ended = new EndedRevocations();
    const follower = await log.follow({
      topic: TOPICS.revocations,
      from: 'start',
      onRecords: (revocations) => revocations.forEach((record) => this.readRevocation(record)),
      onFatal: this.onFatal,
    });
    this.follower = follower;
    // Told through `onFatal` when it fails.
    follower.caughtUp.then(
      () => (this.caughtUp = this.follower === follower),
      () => undefined,
    );
    return place.next;
  }

  private readRevocation(record: LogRecord): void {
    const [key, nowMs] = [record.key?.toString() ?? '', Date.now()];
    try {
      const applied = this.live.applyRecord(key, record.value, nowMs);
      if (record.value === null) return this.ended.gone(key);
      if (!this.containment) return;
      const command = decodeCommand(key, record.value);
      if (command.kind === 'lift') {
        this.ended.liftedBy(command.lift);
        this.containment.lifted(command.lift.revocation);
        return;
      }
      this.ended.revoked(command.revocation);
      if (isInForce(applied)) {
        this.containment.revoked(command.revocation, record.offset, record.appendTimeMs, nowMs);
      }
    } catch (error) {
      // Gateways and authorities say the same of it; nothing can be proved about what nobody can read.
      this.parts.metrics.deadLetters.inc({ code: codeOf(error) });
      this.parts.logger.error({ error, key, offset: record.offset }, 'unreadable record on revocations');
    }
  }

  /** False = another writer holds the marker. */
  private async fold(records: LogRecord[], context: BatchContext): Promise<boolean> {
    const [containment, last] = [this.containment!, records.at(-1)!];
    const outbox = new Outbox(this.parts.source);
    const events: ContainmentEvent[] = [];
    const letters: DeadLetter[] = [];
    for (const record of records) {
      try {
        const report = decodeGatewayReport(record.value ?? new Uint8Array(0));
        events.push(...containment.reported(report, record.appendTimeMs));
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        letters.push(toDeadLetter(record, error, record.appendTimeMs));
      }
    }
    for (const letter of letters) outbox.addDeadLetter(letter);
    events.push(...containment.settle(last.appendTimeMs));
    await this.tell(outbox, events, context);
    const next = { logId: this.logId, offset: last.offset, checksum: checksum(last) };
    if (!(await this.write(next, context))) return false;
    this.next = last.offset + 1;
    // Counted once it is written down: a batch that comes again is no second poison.
    for (const { code } of letters) this.parts.metrics.deadLetters.inc({ code });
    this.measure();
    return true;
  }

  /** Durable before it is written down that it was said; ids derive from causes, so that twice is once. */
  private async tell(outbox: Outbox, events: ContainmentEvent[], waiting: Waiting): Promise<void> {
    const { metrics, logger } = this.parts;
    for (const event of events) {
      const alarm = toAlarm(event);
      if (alarm) {
        logger.warn({ cause: alarm.cause, explanation: alarm.explanation }, alarm.title);
        outbox.addAlert(toAlert(this.parts, alarm));
      }
      if (event.type === 'contained') metrics.containmentSeconds.observe(event.afterMs / 1_000);
      if (event.type === 'may-have-taken-effect') metrics.mayHaveTakenEffect.inc();
    }
    if (outbox.isEmpty) return;
    await patiently(this.parts, WHERE, waiting, () => outbox.publish(this.parts.log));
    metrics.commands.inc({ type: 'alert' }, outbox.commands.alert);
  }

  /** With the marker it belongs to; the same marker again when only time passed. */
  private async write(next: Marker, waiting: Waiting): Promise<boolean> {
    const changed = [...this.changed()];
    const records = encodeContainment(this.containment!.snapshot(), changed);
    const request: CommitRequest = {
      partition: CONTAINMENT_PARTITION,
      expected: this.marker,
      next,
      states: records.map((record) => ({ ...record, ttlMs: KEPT_MS })),
      folded: [],
      tasks: [],
    };
    const result = await patiently(this.parts, WHERE, waiting, () => this.parts.store.commit(request));
    if (!result.ok && !sameMarker(result.marker, next)) return false;
    for (const id of changed) this.unwritten.delete(id);
    this.marker = next;
    return true;
  }

  private changed(): ReadonlySet<string> {
    for (const id of this.containment!.takeChanged()) this.unwritten.add(id);
    return this.unwritten;
  }

  private measure(): void {
    const { containment, parts } = this;
    if (!containment) return;
    const counts = containment.counts();
    this.live.expire(Date.now());
    parts.metrics.revocationsTracked.set({ state: 'tracked' }, counts.tracked);
    parts.metrics.revocationsTracked.set({ state: 'open' }, counts.open);
    parts.metrics.revocationsTracked.set({ state: 'late' }, counts.late);
    parts.metrics.gateways.set({ state: 'known' }, counts.gateways);
    parts.metrics.gateways.set({ state: 'silent' }, counts.silent);
    parts.metrics.untracked.set(containment.untracked);
    parts.metrics.crowded.set(containment.isCrowded ? 1 : 0);
  }

  private waiting(): Waiting {
    return { heartbeat: async () => undefined, stale: () => this.stopping };
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.turn.then(work, work);
    this.turn = mine.catch(() => undefined);
    return mine;
  }
}

function readKept(records: (Uint8Array | null)[]): ContainmentSnapshot {
  try {
    return decodeContainment(records);
  } catch (error) {
    const why = `what is kept of containment cannot be read: ${(error as Error).message}`;
    return halt('DL_ENGINE_STATE_UNREADABLE', why, { cause: error });
  }
}
