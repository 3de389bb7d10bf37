import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AppendRecord, Consumer, Follower, Log, LogEvents, LogRecord } from '#stream';
import { halt, Recorder } from './recorder.js';
import { killedWriter } from './writer.js';

/** One adapter under test. */
export interface StreamFixture {
  open(events: LogEvents): Promise<Log>;
  /** A member of the same groups that joins from elsewhere: the same log where there is only one process. */
  peer(log: Log): Promise<Log>;
  /** Makes retention remove everything that is on the topic now. */
  expire(log: Log, topic: string): Promise<void>;
  /** Makes compaction happen on the topic. */
  compact(log: Log, topic: string): Promise<void>;
  /** Arguments for the child process of the crash test (test/conformance/writer-child.mjs). */
  child(): { mode: string; where: string };
  /** Whether a child may write while this process has the log open. */
  shared: boolean;
  dispose(): Promise<void>;
}

/** Long enough for a loaded machine, short against the test's own limit. */
const WAIT = { timeout: 30_000, interval: 10 };
const until = (check: () => void | Promise<void>) => vi.waitFor(check, WAIT);

const text = (value: string): Buffer => Buffer.from(value);
const numbered = (count: number, partition: number, from = 0): AppendRecord[] =>
  Array.from({ length: count }, (_, index) => ({
    key: 'k',
    partition,
    value: text(`${partition}:${from + index}`),
  }));
const values = (count: number, partition: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `${partition}:${from + index}`);

/** The promises of the log (libs/stream/src/port.ts), the same for every adapter. */
export function streamConformance(name: string, makeFixture: () => Promise<StreamFixture>): void {
  describe(`log: ${name}`, () => {
    let fixture: StreamFixture;
    let log: Log;
    const open: { stop(): Promise<void> }[] = [];
    const failures: Error[] = [];
    const events = { handlerFailed: vi.fn<() => void>(), crashed: vi.fn<() => void>() };
    const onFatal = (error: Error) => void failures.push(error);

    const topic = async (
      partitions = 1,
      options: { compacted?: boolean; retentionMs?: number | null } = {},
    ) => {
      const spec = { compacted: false, retentionMs: null, ...options };
      const created = { name: `test-${randomUUID()}`, partitions, ...spec };
      await log.ensureTopics([created]);
      return created.name;
    };
    const consume = async (
      on: string,
      handler: Recorder,
      more: {
        from?: Log;
        group?: string;
        concurrency?: number;
        batchRecords?: number;
        sessionTimeoutMs?: number;
      } & {
        onHalted?: (partition: number, error: Error) => void;
      } = {},
    ): Promise<Consumer> => {
      const { from = log, group = `g-${randomUUID()}`, ...rest } = more;
      const consumer = await from.consume({ topic: on, group, handler, onFatal, ...rest });
      open.push(consumer);
      return consumer;
    };
    const follow = async (on: string, from: 'start' | 'end', seen: LogRecord[]): Promise<Follower> => {
      const follower = await log.follow({
        topic: on,
        from,
        onRecords: (got) => void seen.push(...got),
        onFatal,
      });
      open.push(follower);
      return follower;
    };
    /** Every test ends without a fatal error and with everything it opened stopped. */
    const test = (what: string, run: () => Promise<void>) =>
      it(`${what}`, async () => {
        failures.length = 0;
        events.crashed.mockClear();
        try {
          await run();
        } finally {
          await Promise.all(open.splice(0).map((one) => one.stop()));
        }
        expect(failures).toEqual([]);
        expect(events.crashed).not.toHaveBeenCalled();
      });

    beforeAll(async () => {
      fixture = await makeFixture();
      log = await fixture.open(events);
    });
    afterAll(async () => {
      await log?.close();
      await fixture?.dispose();
    });

    describe('append and read', () => {
      test('keeps key, value, headers, tombstones and the append time', async () => {
        const t = await topic();
        const before = Date.now();
        const placed = await log.append(t, [
          { key: 'agent/ž', value: Buffer.from([0, 255, 1]), headers: { ce_id: 'a-1', ce_type: 'x' } },
          { key: 'gone', value: null },
        ]);
        expect(placed).toEqual([
          { partition: 0, offset: 0 },
          { partition: 0, offset: 1 },
        ]);
        const record = (await log.readAt(t, 0, 0))!;
        expect(record.key?.toString()).toBe('agent/ž');
        expect([...record.value!]).toEqual([0, 255, 1]);
        expect({ ...record.headers }).toEqual({ ce_id: 'a-1', ce_type: 'x' });
        expect([record.topic, record.partition, record.offset]).toEqual([t, 0, 0]);
        expect(record.appendTimeMs).toBeGreaterThanOrEqual(before - 1_000);
        expect(record.appendTimeMs).toBeLessThanOrEqual(Date.now() + 1_000);
        expect((await log.readAt(t, 0, 1))?.value).toBeNull();
      });

      test('appends of many callers at once keep their order per partition, with no gaps', async () => {
        const t = await topic(3);
        const calls = Array.from({ length: 60 }, (_, index) =>
          log.append(t, [
            { key: 'k', partition: index % 3, value: text(`${index}a`) },
            { key: 'k', partition: index % 3, value: text(`${index}b`) },
          ]),
        );
        const placed = await Promise.all(calls);
        for (const partition of [0, 1, 2]) {
          const mine = placed.filter((_, index) => index % 3 === partition).flat();
          expect(mine.map(({ offset }) => offset)).toEqual(Array.from({ length: 40 }, (_, index) => index));
          expect(mine.every((one) => one.partition === partition)).toBe(true);
        }
        expect((await log.readAt(t, 1, 39))?.value?.toString()).toBe('58b');
        expect(await log.bounds(t, 1)).toEqual({ start: 0, end: 40 });
      });

      test('readAt answers null before, after and far beyond what is there, quickly', async () => {
        const t = await topic();
        await log.append(t, numbered(5, 0));
        expect(await log.readAt(t, 0, 5)).toBeNull();
        expect(await log.readAt(t, 0, 1_000)).toBeNull();
        const times: number[] = [];
        for (let offset = 0; offset < 5; offset += 1) {
          const start = performance.now();
          expect((await log.readAt(t, 0, offset))?.value?.toString()).toBe(`0:${offset}`);
          times.push(performance.now() - start);
        }
        expect(Math.max(...times)).toBeLessThan(200);
      });

      test('an append that cannot be is refused and harms no other', async () => {
        const t = await topic(2);
        await expect(log.append(t, [{ key: 'k', value: text('x') }])).rejects.toMatchObject({
          code: 'partition-required',
        });
        await expect(log.append(t, [{ key: 'k', value: text('x'), partition: 7 }])).rejects.toMatchObject({
          code: 'unknown-topic',
        });
        await expect(log.append('no-such-topic', [{ key: 'k', value: text('x') }])).rejects.toMatchObject({
          code: 'unknown-topic',
        });
        const huge = log.append(t, [{ key: 'k', value: Buffer.alloc(3_000_000), partition: 0 }]);
        const good = log.append(t, [{ key: 'k', value: text('good'), partition: 0 }]);
        await expect(huge).rejects.toMatchObject({ code: 'append-refused', outcome: 'not-appended' });
        expect(await good).toEqual([{ partition: 0, offset: 0 }]);
      });

      test('has an identity and knows its topics', async () => {
        const t = await topic(4);
        expect(await log.partitions(t)).toBe(4);
        expect(await log.id()).toMatch(/.{16,}/);
        expect(await log.id()).toBe(await log.id());
        await expect(log.partitions('no-such-topic')).rejects.toMatchObject({ code: 'unknown-topic' });
        const other = { name: t, partitions: 5, compacted: false, retentionMs: null };
        const elsewhere = await fixture.peer(log);
        const both = { name: `test-${randomUUID()}`, partitions: 3, compacted: false, retentionMs: null };
        await Promise.all([log.ensureTopics([both]), elsewhere.ensureTopics([both])]);
        expect(await elsewhere.partitions(both.name)).toBe(3);
        if (elsewhere !== log) await elsewhere.close();
        await expect(log.ensureTopics([other])).rejects.toMatchObject({ code: 'topic-misconfigured' });
      });
    });

    describe('consume', () => {
      test('hands over everything in order, per partition, and goes on with what comes', async () => {
        const t = await topic(3);
        for (const partition of [0, 1, 2]) await log.append(t, numbered(500, partition));
        const recorder = new Recorder();
        await consume(t, recorder, { batchRecords: 100 });
        await until(() => expect(recorder.records).toHaveLength(1_500));
        await log.append(t, numbered(10, 1, 500));
        await until(() => expect(recorder.records).toHaveLength(1_510));
        for (const partition of [0, 2]) expect(recorder.values(partition)).toEqual(values(500, partition));
        expect(recorder.values(1)).toEqual(values(510, 1));
        expect(Math.max(...recorder.batchSizes)).toBeLessThanOrEqual(100);
        expect(recorder.violations).toEqual([]);
      });

      test('starts where the handler says, not where a group once was', async () => {
        const t = await topic(2);
        for (const partition of [0, 1]) await log.append(t, numbered(10, partition));
        const group = `g-${randomUUID()}`;
        const first = new Recorder({ start: () => 0 });
        const consumer = await consume(t, first, { group });
        await until(() => expect(first.records).toHaveLength(20));
        await consumer.stop();
        const again = new Recorder({ start: (partition) => (partition === 0 ? 3 : 10) });
        await consume(t, again, { group });
        await until(() => expect(again.values(0)).toEqual(values(7, 0, 3)));
        await log.append(t, numbered(1, 1, 10));
        await until(() => expect(again.values(1)).toEqual(['1:10']));
        expect([...first.violations, ...again.violations]).toEqual([]);
      });

      test('a handler that throws gets the same records again, whatever it throws', async () => {
        const t = await topic();
        await log.append(t, numbered(3, 0));
        const thrown = [
          new TypeError('a bug'),
          new Error('redis is away'),
          'no error at all',
          new RangeError('poison'),
        ];
        events.handlerFailed.mockClear();
        const tried: string[][] = [];
        const recorder = new Recorder({
          batch: (_, records) => {
            tried.push(records.map((record) => record.value!.toString()));
            if (thrown.length > 0) throw thrown.shift();
          },
        });
        await consume(t, recorder);
        await until(() => expect(recorder.values()).toEqual(values(3, 0)));
        expect(tried.map((one) => one[0])).toEqual(['0:0', '0:0', '0:0', '0:0', '0:0']);
        expect(events.handlerFailed).toHaveBeenCalledTimes(4);
        expect(recorder.violations).toEqual([]);
      });

      test('a partition whose handler always fails does not stall the others', async () => {
        const t = await topic(3);
        const recorder = new Recorder({
          batch: (partition) => {
            if (partition === 1) throw new Error('poison');
          },
        });
        await consume(t, recorder);
        await log.append(t, numbered(1, 1));
        for (let round = 0; round < 20; round += 1) {
          await log.append(t, [...numbered(1, 0, round), ...numbered(1, 2, round)]);
          await sleep(20);
        }
        await until(() => expect(recorder.records).toHaveLength(40));
        expect(recorder.values(1)).toEqual([]);
      });

      test('seek continues elsewhere, back and forth', async () => {
        const t = await topic();
        await log.append(t, numbered(10, 0));
        const jumps = [2, 8];
        const recorder = new Recorder({
          batch: (_, __, context) => {
            const next = jumps.shift();
            if (next !== undefined) context.seek(next);
          },
        });
        await consume(t, recorder);
        await until(() =>
          expect(recorder.values()).toEqual([...values(10, 0), ...values(8, 0, 2), ...values(2, 0, 8)]),
        );
        expect(recorder.violations).toEqual([]);
      });

      test('several partitions are in work at once, up to the limit, and one partition never twice', async () => {
        const t = await topic(6);
        for (let partition = 0; partition < 6; partition += 1) await log.append(t, numbered(200, partition));
        const recorder = new Recorder({ batch: () => sleep(20) });
        await consume(t, recorder, { concurrency: 3, batchRecords: 50 });
        await until(() => expect(recorder.records).toHaveLength(1_200));
        expect(recorder.mostBusy).toBe(3);
        expect(recorder.violations).toEqual([]);
      });

      test('tells the end of the partition with each batch, for lag', async () => {
        const t = await topic();
        await log.append(t, numbered(100, 0));
        const ends: number[] = [];
        const recorder = new Recorder({ batch: (_, __, context) => void ends.push(context.end) });
        await consume(t, recorder, { batchRecords: 40 });
        await until(() => expect(recorder.records).toHaveLength(100));
        expect(ends.every((end) => end === 100)).toBe(true);
      });

      test('reports where the group is, for people to see', async () => {
        const t = await topic(2);
        await log.append(t, numbered(7, 1));
        const group = `g-${randomUUID()}`;
        const recorder = new Recorder();
        const consumer = await consume(t, recorder, { group });
        await until(() => expect(recorder.records).toHaveLength(7));
        await until(async () => expect((await log.groupPositions(group, t))[1]).toBe(7));
        expect(consumer.partitions().find(({ partition }) => partition === 1)).toMatchObject({
          position: 7,
          state: 'ready',
        });
        expect(consumer.progressAgeMs()).toBeLessThan(5_000);
      });

      test('a batch that takes longer than the session keeps its partition', async () => {
        const t = await topic();
        await log.append(t, numbered(2, 0));
        const recorder = new Recorder({
          batch: async (_, __, context) => {
            for (let step = 0; step < 8; step += 1) {
              await sleep(1_000);
              await context.heartbeat();
            }
          },
        });
        await consume(t, recorder, { sessionTimeoutMs: 6_000 });
        await until(() => expect(recorder.values()).toEqual(values(2, 0)));
        await log.append(t, numbered(1, 0, 2));
        await until(() => expect(recorder.values()).toEqual(values(3, 0)));
        expect(recorder.calls).toEqual(['assigned 0']);
      });

      test('stop waits for the running batch, then says goodbye to each partition once', async () => {
        const t = await topic(2);
        for (const partition of [0, 1]) await log.append(t, numbered(50, partition));
        const recorder = new Recorder({ batch: () => sleep(300) });
        const consumer = await consume(t, recorder, { batchRecords: 10 });
        await until(() => expect(recorder.busy).toBe(2));
        await consumer.stop();
        expect(recorder.busy).toBe(0);
        const calls = recorder.calls.filter((call) => call.startsWith('revoked')).sort();
        expect(calls).toEqual(['revoked 0', 'revoked 1']);
        const seen = recorder.batchSizes.length;
        await log.append(t, numbered(1, 0, 50));
        await sleep(300);
        expect(recorder.batchSizes).toHaveLength(seen);
        expect(recorder.violations).toEqual([]);
      });
    });

    describe('groups', () => {
      test('two consumers share the partitions; what one leaves the other takes', async () => {
        const t = await topic(4);
        const group = `g-${randomUUID()}`;
        const positions = new Map<number, number>();
        const owners = new Map<number, string>();
        const overlaps: string[] = [];
        const recorderOf = (who: string) =>
          new Recorder({
            start: (partition) => positions.get(partition) ?? 0,
            batch: async (partition, records, context) => {
              if (owners.has(partition)) overlaps.push(`${who} and ${owners.get(partition)} at ${partition}`);
              owners.set(partition, who);
              await sleep(5);
              owners.delete(partition);
              if (!context.stale()) positions.set(partition, records.at(-1)!.offset + 1);
            },
          });
        const first = recorderOf('first');
        const second = recorderOf('second');
        const elsewhere = await fixture.peer(log);
        const write = async (round: number) => {
          for (let partition = 0; partition < 4; partition += 1)
            await log.append(t, numbered(5, partition, round * 5));
        };
        const one = await consume(t, first, { group });
        await write(0);
        await until(() => expect(first.records).toHaveLength(20));
        const two = await consume(t, second, { group, from: elsewhere });
        await until(() =>
          expect(two.partitions().filter(({ state }) => state !== 'opening')).toHaveLength(2),
        );
        await until(() => expect(one.partitions()).toHaveLength(2));
        await write(1);
        const all = () => [...first.values(), ...second.values()];
        await until(() => expect(new Set(all()).size).toBe(40));
        expect(second.records.length).toBeGreaterThan(0);
        await one.stop();
        await write(2);
        await until(() => expect(new Set(all()).size).toBe(60));
        await until(() => expect(two.partitions()).toHaveLength(4));
        expect(overlaps).toEqual([]);
        expect([...first.violations, ...second.violations]).toEqual([]);
        expect(all()).toHaveLength(60);
        await two.stop();
        if (elsewhere !== log) await elsewhere.close();
      });

      test('a rebalance during a batch: the batch is told, and nothing is lost', async () => {
        const t = await topic(2);
        const group = `g-${randomUUID()}`;
        const positions = new Map<number, number>();
        const stales: number[] = [];
        /** Goes on until it is told that the partition is gone. */
        const slow = (partition: number, _: LogRecord[], context: { stale(): boolean }) =>
          until(async () => {
            await sleep(10);
            expect(context.stale()).toBe(true);
            stales.push(partition);
          });
        const recorderOf = (run: typeof slow | undefined) =>
          new Recorder({
            start: (partition) => positions.get(partition) ?? 0,
            batch: async (partition, records, context) => {
              await run?.(partition, records, context);
              if (!context.stale()) positions.set(partition, records.at(-1)!.offset + 1);
            },
          });
        for (const partition of [0, 1]) await log.append(t, numbered(3, partition));
        const first = recorderOf(slow);
        const one = await consume(t, first, { group });
        await until(() => expect(first.busy).toBeGreaterThan(0));
        const elsewhere = await fixture.peer(log);
        const second = recorderOf(undefined);
        const two = await consume(t, second, { group, from: elsewhere });
        await until(() => expect(stales.length).toBeGreaterThan(0));
        await one.stop();
        await until(() => expect(new Set(second.values()).size).toBe(6));
        expect(first.violations.concat(second.violations)).toEqual([]);
        await two.stop();
        if (elsewhere !== log) await elsewhere.close();
      });
    });

    describe('halted partitions', () => {
      test('a partition that the handler halts stays stopped, loudly; the others go on', async () => {
        const t = await topic(3);
        const halted: [number, string][] = [];
        const recorder = new Recorder({ start: (partition) => (partition === 1 ? halt('another-log') : 0) });
        const consumer = await consume(t, recorder, {
          onHalted: (partition, error) =>
            void halted.push([partition, (error as { code?: string }).code ?? '']),
        });
        for (const partition of [0, 1, 2]) await log.append(t, numbered(5, partition));
        await until(() => expect(recorder.records).toHaveLength(10));
        await sleep(200);
        expect(recorder.values(1)).toEqual([]);
        expect(halted).toEqual([[1, 'another-log']]);
        expect(consumer.partitions().find(({ partition }) => partition === 1)?.state).toBe('halted');
        expect(consumer.progressAgeMs()).toBeLessThan(5_000);
      });

      test('halting in the middle of the work stops before the records that caused it', async () => {
        const t = await topic(2);
        const halted = vi.fn<() => void>();
        const recorder = new Recorder({
          batch: (partition, records) => {
            if (partition === 0 && records.some((record) => record.offset >= 5)) halt('checksum');
          },
        });
        await log.append(t, numbered(5, 0));
        const consumer = await consume(t, recorder, { onHalted: halted });
        await until(() => expect(recorder.records).toHaveLength(5));
        await log.append(t, [...numbered(1, 0, 5), ...numbered(1, 1)]);
        await until(() => expect(halted).toHaveBeenCalledTimes(1));
        await until(() => expect(recorder.values(1)).toEqual(['1:0']));
        expect(consumer.partitions().find(({ partition }) => partition === 0)).toMatchObject({
          state: 'halted',
          position: 5,
        });
      });

      test('a position that the log does not hold halts: never a silent jump', async () => {
        const t = await topic(2);
        for (const partition of [0, 1]) await log.append(t, numbered(5, partition));
        const codes: unknown[] = [];
        const recorder = new Recorder({ start: (partition) => (partition === 0 ? 99 : 0) });
        await consume(t, recorder, {
          onHalted: (_, error) => void codes.push((error as { code?: string }).code),
        });
        await until(() => expect(recorder.values(1)).toEqual(values(5, 1)));
        await until(() => expect(codes).toEqual(['log-truncated']));
        expect(recorder.values(0)).toEqual([]);
      });
    });

    describe('follow', () => {
      test('from the start: everything, caught up, then what comes; every follower sees all of it', async () => {
        const t = await topic(2);
        for (const partition of [0, 1]) await log.append(t, numbered(50, partition));
        const seen: LogRecord[][] = [[], []];
        const followers = [await follow(t, 'start', seen[0]!), await follow(t, 'start', seen[1]!)];
        await Promise.all(followers.map((follower) => follower.caughtUp));
        for (const one of seen) expect(one).toHaveLength(100);
        await log.append(t, numbered(1, 1, 50));
        for (const one of seen) await until(() => expect(one).toHaveLength(101));
        await until(() => expect(followers[0]!.positions()).toEqual([50, 51]));
        const mine = seen[0]!
          .filter((record) => record.partition === 1)
          .map((record) => record.value!.toString());
        expect(mine).toEqual(values(51, 1));
        await until(() => expect(followers[0]!.progressAgeMs()).toBeLessThan(3_000));
      });

      test('several partitions behind more than one answer holds: nothing is skipped', async () => {
        const t = await topic(6);
        const large = Buffer.alloc(64 * 1024, 'x');
        for (let partition = 0; partition < 6; partition += 1) {
          const records = numbered(60, partition).map((record) => ({ ...record, value: large }));
          for (let i = 0; i < 60; i += 10) await log.append(t, records.slice(i, i + 10));
        }
        const counts = new Map<number, number>();
        const follower = await log.follow({
          topic: t,
          from: 'start',
          onRecords: (records) => {
            for (const { partition, offset } of records) {
              expect(offset).toBe(counts.get(partition) ?? 0);
              counts.set(partition, offset + 1);
            }
          },
          onFatal: (error) => expect.unreachable(error.message),
        });
        await follower.caughtUp;
        expect([...counts.values()]).toEqual([60, 60, 60, 60, 60, 60]);
        await follower.stop();
      });

      test('from the end: only what comes after it was opened', async () => {
        const t = await topic(2);
        for (const partition of [0, 1]) await log.append(t, numbered(5, partition));
        const seen: LogRecord[] = [];
        const follower = await follow(t, 'end', seen);
        await follower.caughtUp;
        await log.append(t, [...numbered(1, 0, 5), ...numbered(1, 1, 5)]);
        await until(() =>
          expect(seen.map((record) => record.value!.toString()).sort()).toEqual(['0:5', '1:5']),
        );
      });

      test('an empty topic is caught up at once; stopping ends it', async () => {
        const t = await topic();
        const seen: LogRecord[] = [];
        const follower = await follow(t, 'start', seen);
        await follower.caughtUp;
        await follower.stop();
        await log.append(t, numbered(1, 0));
        await sleep(200);
        expect(seen).toEqual([]);
      });

      test('a follower that throws is told as fatal, not retried in silence', async () => {
        const t = await topic();
        const fatal: string[] = [];
        const follower = await log.follow({
          topic: t,
          from: 'start',
          onRecords: () => {
            throw new TypeError('a bug in the follower');
          },
          onFatal: (error) => void fatal.push(error.message),
        });
        open.push(follower);
        await log.append(t, numbered(1, 0));
        await until(() => expect(fatal).toEqual(['a bug in the follower']));
      });
    });

    describe('retention and compaction', () => {
      test('what is over age goes, the end stays, and a reader that was there is asked anew', async () => {
        const t = await topic(1, { retentionMs: 3_600_000 });
        await log.append(t, numbered(20, 0));
        const answers = [0, 0];
        const codes: unknown[] = [];
        let release = false;
        const recorder = new Recorder({
          start: () => answers.shift() ?? 20,
          batch: () => {
            if (!release) throw new Error('not yet');
          },
        });
        await consume(t, recorder, { batchRecords: 10, onHalted: (_, error) => void codes.push(error) });
        await until(() => expect(recorder.calls).toContain('assigned 0'));
        await fixture.expire(log, t);
        const bounds = await log.bounds(t, 0);
        expect(bounds).toEqual({ start: 20, end: 20 });
        expect(await log.readAt(t, 0, 3)).toBeNull();
        release = true;
        // Asked again after the loss, the handler insists on offset 0: that halts, it does not jump.
        await until(() => expect(codes).toHaveLength(1));
        expect(codes[0]).toMatchObject({ code: 'log-truncated', position: 0 });
        expect(recorder.calls).toEqual(['assigned 0', 'revoked 0', 'assigned 0']);
        expect(recorder.values()).toEqual([]);
        expect(await log.append(t, numbered(1, 0, 20))).toEqual([{ partition: 0, offset: 20 }]);
      });

      test('compaction keeps the latest of each key, in order, at its offset', async () => {
        const t = await topic(1, { compacted: true });
        for (let round = 0; round < 5; round += 1) {
          for (const key of ['a', 'b', 'c']) await log.append(t, [{ key, value: text(`${key}${round}`) }]);
        }
        await log.append(t, [{ key: 'b', value: null }]);
        await fixture.compact(log, t);
        const seen: LogRecord[] = [];
        const follower = await follow(t, 'start', seen);
        await follower.caughtUp;
        // What made the broker compact may be compacted between two readings.
        const shown = (records: LogRecord[]) =>
          records
            .filter((record) => record.key?.toString() !== 'filler')
            .map((record) => `${record.offset} ${record.key} ${record.value ?? 'tombstone'}`);
        expect(shown(seen)).toEqual(['12 a a4', '14 c c4', '15 b tombstone']);
        expect(await log.readAt(t, 0, 3)).toBeNull();
        expect((await log.readAt(t, 0, 14))?.value?.toString()).toBe('c4');
        const recorder = new Recorder({ gaps: true });
        await consume(t, recorder);
        await until(() => expect(shown(recorder.records)).toEqual(shown(seen)));
        expect(recorder.violations).toEqual([]);
      });
    });

    describe('crash', () => {
      it('a writer killed in the middle: all it was told is durable is there, in order, nothing in between', async () => {
        const t = await topic(2);
        if (!fixture.shared) await log.close();
        const acknowledged = await killedWriter({
          ...fixture.child(),
          topic: t,
          partitions: 2,
          killAfter: 400,
        });
        if (!fixture.shared) log = await fixture.open(events);
        for (const partition of [0, 1]) {
          const { start, end } = await log.bounds(t, partition);
          expect(start).toBe(0);
          expect(end).toBeGreaterThanOrEqual(acknowledged[partition]!);
          const seen: string[] = [];
          for (let offset = 0; offset < end; offset += 97)
            seen.push((await log.readAt(t, partition, offset))!.value!.toString().split(' ')[0]!);
          expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => String(index * 97)));
          expect((await log.readAt(t, partition, end - 1))?.value?.toString()).toMatch(
            new RegExp(`^${end - 1} `),
          );
        }
      });
    });
  });
}
