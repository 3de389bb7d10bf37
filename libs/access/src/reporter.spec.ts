import { describe, expect, it } from 'vitest';
import { decodeActivity, EncodeError, partitionOf } from '#activity';
import { agentKey, type Activity, type TaskEnded } from '#activity/types';
import type { AppendRecord } from '#stream';
import { ActivityReporter } from './reporter.js';

const NOW = 1_790_000_000_000;

class Sink {
  readonly appends: AppendRecord[][] = [];
  fail: Error | null = null;
  hold: Promise<void> = Promise.resolve();

  async append(records: AppendRecord[]): Promise<void> {
    this.appends.push(records);
    await this.hold;
    if (this.fail) throw this.fail;
  }

  written(): Activity[] {
    return this.appends.flat().map((record) => decodeActivity(record.value!));
  }
}

function ended(reporter: ActivityReporter, agent: string): TaskEnded {
  const base = reporter.base({ tenant: 'acme', agent, assurance: 'verified', task: 't0-abcdefgh' }, NOW);
  return { ...base, type: 'TaskEnded', task: 't0-abcdefgh', outcome: 'completed', by: 'ci' };
}

const A = 'spiffe://acme.test/a';
const B = 'spiffe://acme.test/b';

describe('ActivityReporter', () => {
  it('numbers per agent from 1, in the order of the log, with the instance it has', async () => {
    const sink = new Sink();
    const reporter = new ActivityReporter({ sink, partitions: 8, source: 'gateway/g1' });
    await Promise.all([A, B, A, A, B].map((agent) => reporter.report(ended(reporter, agent))));
    const written = sink.written();
    expect(written.map(({ agent, sequence }) => [agent, sequence])).toEqual([
      [A, 1],
      [B, 1],
      [A, 2],
      [A, 3],
      [B, 2],
    ]);
    expect(new Set(written.map(({ instance }) => instance))).toEqual(new Set([reporter.instance]));
    expect(new Set(written.map(({ id }) => id)).size).toBe(5);
    expect(written.every(({ source }) => source === 'gateway/g1')).toBe(true);
  });

  it('appends what came while an append ran with the next one, in the partition of the agent', async () => {
    const sink = new Sink();
    let release = (): void => undefined;
    sink.hold = new Promise((resolve) => (release = resolve));
    const reporter = new ActivityReporter({ sink, partitions: 8, source: 'gateway/g1' });
    const first = reporter.report(ended(reporter, A));
    await new Promise((resolve) => setImmediate(resolve));
    const more = [A, B, A].map((agent) => reporter.report(ended(reporter, agent)));
    expect(sink.appends).toHaveLength(1);
    expect(reporter.waiting).toBe(3);
    release();
    await Promise.all([first, ...more]);
    expect(sink.appends.map((records) => records.length)).toEqual([1, 3]);
    for (const record of sink.appends.flat()) expect(record.partition).toBe(partitionOf(record.key, 8));
  });

  it('burns the numbers of a failed append, so that no other activity can be taken for a retry', async () => {
    const sink = new Sink();
    const reporter = new ActivityReporter({ sink, partitions: 8, source: 'gateway/g1' });
    await reporter.report(ended(reporter, A));
    sink.fail = new Error('away');
    await expect(reporter.report(ended(reporter, A))).rejects.toThrow('away');
    sink.fail = null;
    const next = await reporter.report(ended(reporter, A));
    expect(next.sequence).toBe(3);
  });

  it('gives no number to what cannot be encoded', async () => {
    const sink = new Sink();
    const reporter = new ActivityReporter({ sink, partitions: 8, source: 'gateway/g1' });
    await expect(reporter.report({ ...ended(reporter, A), time: -1 })).rejects.toThrow(EncodeError);
    expect((await reporter.report(ended(reporter, A))).sequence).toBe(1);
  });

  it('refuses beyond its queue', async () => {
    const sink = new Sink();
    let release = (): void => undefined;
    sink.hold = new Promise((resolve) => (release = resolve));
    const reporter = new ActivityReporter({ sink, partitions: 8, source: 'gateway/g1', queueMax: 2 });
    const running = reporter.report(ended(reporter, A));
    await new Promise((resolve) => setImmediate(resolve));
    const queued = [1, 2].map(() => reporter.report(ended(reporter, A)));
    await expect(reporter.report(ended(reporter, A))).rejects.toMatchObject({ code: 'limit' });
    release();
    await Promise.all([running, ...queued]);
    await reporter.flush();
    expect(reporter.waiting).toBe(0);
  });

  it('takes a new instance rather than forget a counter', async () => {
    const sink = new Sink();
    const reporter = new ActivityReporter({ sink, partitions: 8, source: 'gateway/g1', agentsMax: 1 });
    for (const agent of [A, A, B, A]) await reporter.report(ended(reporter, agent));
    const seen = sink
      .written()
      .map((activity) => `${agentKey(activity)} ${activity.instance} ${activity.sequence}`);
    expect(new Set(seen).size).toBe(4);
    expect(sink.written().map(({ sequence }) => sequence)).toEqual([1, 2, 1, 1]);
  });
});
