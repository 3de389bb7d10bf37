import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ActivityReporter } from '#access';
import { decodeActivity } from '#activity';
import type { ToolCall, ToolResult } from '#activity/types';
import type { AppendRecord } from '#stream';
import { READ_HELD_MS } from '../limits.js';
import { GatewayMetrics } from '../metrics.js';
import { OpenCalls } from '../record/open-calls.js';
import { Recorder } from './recorder.js';
import { NOTHING_KNOWN, reportedCall, reportedResult } from './reported.js';

const silent = (): void => undefined;
const quiet = { debug: silent, info: silent, warn: silent, error: silent };
const OBSERVED = {
  method: 'tools/call',
  server: 's',
  effectSource: 'guess' as const,
  uncatalogued: true,
  dataClasses: [],
  resource: null,
  destination: null,
  facts: [],
  values: [],
  valuesDropped: 0,
  argumentsBytes: 2,
};

/** Real parts on a log that remembers each append. */
class Ground {
  readonly appends: AppendRecord[][] = [];
  readonly reporter = new ActivityReporter({
    sink: { append: async (records) => this.appends.push(records) },
    partitions: 1,
    source: 'gateway/g',
  });
  readonly open = new OpenCalls(mkdtempSync(join(tmpdir(), 'driftline-recorder-')));
  readonly recorder = new Recorder(this.reporter, this.open, new GatewayMetrics(), quiet);

  call(tool: string, effect: 'read' | 'write'): ToolCall {
    const base = this.reporter.base({ tenant: 't', agent: 'a', assurance: 'asserted' }, Date.now());
    return reportedCall(base, { ...OBSERVED, tool, effect }, null);
  }

  result(of: ToolCall): ToolResult {
    const base = this.reporter.base({ tenant: 't', agent: 'a', assurance: 'asserted' }, Date.now());
    return reportedResult(base, of, { ...NOTHING_KNOWN, outcome: 'ok' });
  }

  /** Tools of each append, results with an apostrophe; and the numbers of all. */
  get written(): { appends: string[][]; sequences: number[] } {
    const activities = this.appends.map((records) => records.map(({ value }) => decodeActivity(value!)));
    const name = (one: object): string => `${(one as ToolCall).tool}${'outcome' in one ? "'" : ''}`;
    return {
      appends: activities.map((each) => each.map(name)),
      sequences: activities.flat().map(({ sequence }) => sequence),
    };
  }
}

describe('Recorder', () => {
  let ground: Ground;
  beforeEach(() => void (ground = new Ground()));
  afterEach(() => ground.open.stop());

  it('puts a read and its result into one append where the result comes soon', async () => {
    const call = ground.call('look', 'read');
    ground.recorder.withItsResult(call);
    ground.recorder.ended(ground.result(call));
    await ground.recorder.flush();
    expect(ground.written).toEqual({ appends: [['look', "look'"]], sequences: [1, 2] });
  });

  it('does not wait longer than a moment for it', async () => {
    const call = ground.call('look', 'read');
    ground.recorder.withItsResult(call);
    expect(ground.appends).toEqual([]);
    await pause(READ_HELD_MS + 50);
    expect(ground.written.appends).toEqual([['look']]);
    ground.recorder.ended(ground.result(call));
    await ground.recorder.flush();
    expect(ground.written).toEqual({ appends: [['look'], ["look'"]], sequences: [1, 2] });
  });

  it('is durable at once for a call that is not a read, and keeps the order', async () => {
    ground.recorder.withItsResult(ground.call('look', 'read'));
    await ground.recorder.durable(ground.call('change', 'write'), true);
    expect(ground.written).toEqual({ appends: [['look', 'change']], sequences: [1, 2] });
  });
});
