/**
 * Reports what was decided, as the gateways of these agents do: a process of its own, so that the one which measures only
 * asks. Started with an IPC channel: `Start` first, then lists of `Decided`, then null.
 */
import { decodeActivity, encodeActivity } from '#activity';
import { TOPICS, type ToolCall } from '#activity/types';
import { Config } from '#config';
import { openLog } from '#stream';
import { calls, reporterOf } from './decision-load.js';

export interface Start {
  config: unknown;
  startAtMs: number;
}

export type Decided = [number: number, allowed: boolean, reason: string];

process.once('message', (start: Start) => void run(start));

async function run({ config, startAtMs }: Start): Promise<void> {
  const log = await openLog(Config.parse(config));
  const reporter = reporterOf(
    { append: (records) => log.append(TOPICS.activity, records) },
    await log.partitions(TOPICS.activity),
  );
  // As bytes: tens of thousands of calls as objects would keep the collector busy while others are measured.
  const asked = calls(startAtMs).map(encodeActivity);
  const report = ([number, allowed, reason]: Decided) =>
    reporter.report({
      ...(decodeActivity(asked[number]!) as ToolCall),
      pending: allowed,
      decision: allowed ? 'allowed' : 'refused',
      basis: 'assessed',
      reason,
    });
  process.on('message', (decided: Decided[] | null) => {
    if (decided !== null) return void Promise.all(decided.map(report));
    void reporter
      .flush()
      .then(() => log.close())
      .then(() => process.disconnect());
  });
  process.send!('ready');
}
