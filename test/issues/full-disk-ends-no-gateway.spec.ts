import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ActivityReporter } from '#access';
import type { ToolResult } from '#activity/types';
import { Recorder } from '../../apps/gateway/src/calls/recorder.js';
import { NOTHING_KNOWN } from '../../apps/gateway/src/calls/reported.js';
import { GatewayMetrics } from '../../apps/gateway/src/metrics.js';
import { OpenCalls } from '../../apps/gateway/src/record/open-calls.js';
import { quiet } from '../gateway/world.js';

/** The rejection was nobody's, which ends a process; one that ended late at a stop did the same. */
it('the end of a call that cannot be written down is told, and nothing else happens', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'driftline-issue-'));
  const open = new OpenCalls(dir);
  const reporter = new ActivityReporter({
    sink: { append: async () => undefined },
    partitions: 1,
    source: 'gateway/g',
  });
  const told: string[] = [];
  const logger = { ...quiet, error: (_: unknown, message?: string) => void told.push(String(message)) };
  const recorder = new Recorder(reporter, open, new GatewayMetrics(), logger);
  const who = { tenant: 'acme', agent: 'spiffe://acme/a', assurance: 'verified' as const };
  const base = reporter.base(who, 1_790_000_000_000);
  const call = { ...base, callId: 'c', server: 's', tool: 't' };
  open.begin(call);
  open.stop();
  const result: ToolResult = { ...call, type: 'ToolResult', ...NOTHING_KNOWN, durationMs: 0 };
  recorder.ended(result);
  await sleep(50);
  expect(told).toEqual(['the end of a call cannot be written down']);
  rmSync(dir, { recursive: true });
});
