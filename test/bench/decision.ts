/** Decisions over HTTP at a steady rate: an open loop, so that a slow answer does not slow the questions down. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ActivityReporter, HttpAuthority } from '#access';
import { TOPICS, type ToolCall } from '#activity/types';
import { loadOrCreateCredentials } from '#authority';
import { quantileFigure, type Figure } from './figures.js';
import { Load } from './load.js';
import { produce } from './pipeline.js';
import { startService, type Service } from './processes.js';
import type { Servers } from './servers.js';

const RATE_PER_SECOND = 2_000;
const SECONDS = 10;
/** At a quarter of the rate, until compilers and connections are warm. */
const WARM_UP_SECONDS = 8;
const TICK_MS = 5;
const AGENTS = 2_000;

export async function benchDecision(servers: Servers): Promise<Figure[]> {
  const load = new Load({ seed: 3, agents: AGENTS, startMs: Date.now(), stepMs: 10 });
  await produce(servers, () => load.next(), 20_000);
  const running: Service[] = [await startService(servers, 'engine', 'engine')];
  try {
    const authority = await startService(servers, 'authority', 'authority');
    running.unshift(authority);
    const config = servers.config();
    const { token } = (await loadOrCreateCredentials(config)).find(({ role }) => role === 'gateway')!;
    const client = new HttpAuthority({ url: authority.url, token });
    const { log, close } = await servers.open(config);
    const sink = {
      append: (records: Parameters<typeof log.append>[1]) => log.append(TOPICS.activity, records),
    };
    const partitions = await log.partitions(TOPICS.activity);
    const reporter = new ActivityReporter({ sink, partitions, source: 'gateway/bench' });
    const { times, failed } = await openLoop(client, reporter);
    await reporter.flush();
    await client.close();
    await close();
    return [
      quantileFigure('decision_ms_p50', 'ms', times, 0.5),
      quantileFigure('decision_ms_p99', 'ms', times, 0.99),
      { name: 'decision_failed', value: failed, unit: 'decisions', n: 1, min: failed, max: failed },
    ];
  } finally {
    for (const service of running) await service.stop();
  }
}

/** Each allowed call is reported, as a gateway does, so that pending lists are as long as they are in use. */
async function openLoop(
  client: HttpAuthority,
  reporter: ActivityReporter,
): Promise<{ times: number[]; failed: number }> {
  const load = new Load({ seed: 5, agents: AGENTS, stepMs: 1 });
  const times: number[] = [];
  let failed = 0;
  const work = new Set<Promise<void>>();
  const start = performance.now();
  const warmUp = (RATE_PER_SECOND / 4) * WARM_UP_SECONDS;
  const total = warmUp + RATE_PER_SECOND * SECONDS;
  let asked = 0;
  while (asked < total) {
    const due = Math.min(total, dueAfter((performance.now() - start) / 1_000));
    for (; asked < due; asked += 1) {
      const warm = asked >= warmUp;
      const one = decide(client, reporter, proposal(load, reporter)).then(
        (tookMs) => void (warm && times.push(tookMs)),
        () => void (failed += 1),
      );
      work.add(one);
      void one.finally(() => work.delete(one));
    }
    await sleep(TICK_MS);
  }
  await Promise.all(work);
  return { times, failed };
}

/** How many should have been asked after so many seconds. */
function dueAfter(seconds: number): number {
  const slow = Math.min(seconds, WARM_UP_SECONDS) * (RATE_PER_SECOND / 4);
  return Math.floor(slow + Math.max(0, seconds - WARM_UP_SECONDS) * RATE_PER_SECOND);
}

async function decide(client: HttpAuthority, reporter: ActivityReporter, call: ToolCall): Promise<number> {
  const started = performance.now();
  const decision = await client.decide(call);
  const tookMs = performance.now() - started;
  const pending = decision.allowed;
  await reporter.report({
    ...call,
    pending,
    decision: pending ? 'allowed' : 'refused',
    basis: 'assessed',
    reason: decision.reason,
  });
  return tookMs;
}

function proposal(load: Load, reporter: ActivityReporter): ToolCall {
  for (;;) {
    const activity = load.next();
    if (activity.type === 'ToolCall')
      return { ...activity, ...reporter.base(activity, Date.now()), callId: activity.id };
  }
}
