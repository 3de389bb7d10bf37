/**
 * From the report of a drifting call to the first call refused, as a client polling each of two gateways sees it. The
 * report is an append to the activity log, as a gateway makes it; the clients write within their task all the while.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ActivityReporter, HttpAuthority } from '#access';
import { ceHeaders, encodeActivity, partitionOf } from '#activity';
import { agentKey, TOPICS, type ToolCall } from '#activity/types';
import { loadOrCreateCredentials } from '#authority';
import { quantileFigure, type Figure } from './figures.js';
import { Load } from './load.js';
import { BenchClient } from './mcp-client.js';
import { produce } from './pipeline.js';
import { startService, startUpstream, type Service } from './processes.js';
import type { Servers } from './servers.js';

const TRIALS = 60;
const WARM_UP_TRIALS = 15;
const LOADED_TRIALS = 40;
/** Polls run before the report, so that connections and sessions are warm. */
const POLL_BEFORE_MS = 40;
/** Between an answer and the next poll: an agent at work, not a load test. */
const POLL_EVERY_MS = 2;
const REFUSED_DEADLINE_MS = 10_000;
/** Events a second beside the trials: about half of what this engine folds when it does nothing else (see the pipeline). */
const LOAD_PER_SECOND = 20_000;
const LOAD_TICK_MS = 20;

interface World {
  authority: HttpAuthority;
  reporter: ActivityReporter;
  gateways: string[];
}

export async function benchEnforced(servers: Servers): Promise<Figure[]> {
  const background = new Load({ seed: 13, agents: 1_000, startMs: Date.now(), stepMs: 40 });
  await produce(servers, () => background.next(), 2_000);
  const running: Service[] = [await startUpstream(), await startService(servers, 'engine', 'engine')];
  const { log, close } = await servers.open(servers.config());
  try {
    const authority = await startService(servers, 'authority', 'authority');
    running.unshift(authority);
    const upstream = running.at(-2)!;
    const gateways: string[] = [];
    for (const name of ['gateway-a', 'gateway-b']) {
      const settings = {
        servers: { files: { url: upstream.url } },
        authorityUrl: authority.url,
        decide: 'none',
      };
      const gateway = await startService(servers, 'gateway', name, settings);
      running.unshift(gateway);
      gateways.push(gateway.url);
    }
    const orchestrator = (await loadOrCreateCredentials(servers.config())).find(
      ({ role }) => role === 'orchestrator',
    )!;
    const client = new HttpAuthority({ url: authority.url, token: orchestrator.token });
    const partitions = await log.partitions(TOPICS.activity);
    const sink = {
      append: (records: Parameters<typeof log.append>[1]) => log.append(TOPICS.activity, records),
    };
    const reporter = new ActivityReporter({ sink, partitions, source: 'gateway/bench' });
    const world = { authority: client, reporter, gateways };
    const rest = await trials(world, WARM_UP_TRIALS, TRIALS);
    const halt = loadInBackground(background, partitions, (records) => log.append(TOPICS.activity, records));
    const loaded = await trials(world, 2, LOADED_TRIALS);
    await halt();
    await client.close();
    return [
      quantileFigure('enforced_ms_p50', 'ms', rest, 0.5),
      quantileFigure('enforced_ms_p99', 'ms', rest, 0.99),
      quantileFigure('enforced_loaded_ms_p50', 'ms', loaded, 0.5),
      quantileFigure('enforced_loaded_ms_p99', 'ms', loaded, 0.99),
    ];
  } finally {
    for (const service of running) await service.stop();
    await close();
  }
}

async function trials(world: World, warmUp: number, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < warmUp + count; i += 1) {
    const both = await trial(world);
    if (i >= warmUp) times.push(...both);
  }
  return times;
}

let trialNumber = 0;

/** One agent, one task, one drifting call; the time until each gateway refused. */
async function trial({ authority, reporter, gateways }: World): Promise<number[]> {
  trialNumber += 1;
  const agent = `bench-agent-${process.pid}-${trialNumber}`;
  const scope = {
    tools: null,
    effects: null,
    resources: ['/data/**'],
    destinations: null,
    dataClasses: null,
    estimated: false,
  };
  const task = await authority.startTask({
    agent,
    assurance: 'asserted',
    principal: 'bench',
    intent: 'Write the report.',
    scope,
    ttlMs: 600_000,
  });
  const headers = { 'x-driftline-agent': agent, 'x-driftline-task': task.task };
  const clients = gateways.map((url) => new BenchClient(new URL('/mcp/files', url), headers));
  await Promise.all(clients.map((client) => client.connect()));
  let reportedAt = Infinity;
  const polling = clients.map((client) => refusedAt(client, () => reportedAt));
  await sleep(POLL_BEFORE_MS);
  const call = drifting(reporter, agent, task.task);
  reportedAt = performance.now();
  await reporter.report(call);
  const refused = await Promise.all(polling);
  await Promise.all(clients.map((client) => client.close()));
  return refused.map((at) => at - reportedAt);
}

async function refusedAt(client: BenchClient, reportedAt: () => number): Promise<number> {
  for (;;) {
    const answer = await client.call('write_file', { path: '/data/progress.md', content: 'working' });
    if (answer.refused) return answer.at;
    await sleep(POLL_EVERY_MS);
    if (answer.at - reportedAt() > REFUSED_DEADLINE_MS) throw new Error('never refused');
  }
}

/** A plain drift: credentials are moved to where its task was never approved to go. */
function drifting(reporter: ActivityReporter, agent: string, task: string): ToolCall {
  const base = reporter.base(
    { tenant: 'default', agent, assurance: 'asserted', principal: 'bench', task },
    Date.now(),
  );
  const call = new Load({ seed: 1, agents: 1 }).next() as ToolCall;
  return {
    ...call,
    ...base,
    callId: base.id,
    tool: 'move_file',
    effect: 'delete',
    dataClasses: ['credential', 'restricted'],
    resource: '/etc/elsewhere',
    decision: 'allowed',
    basis: 'passed',
    reason: '',
  };
}

function loadInBackground(
  load: Load,
  partitions: number,
  append: (
    records: { key: string; value: Buffer; partition: number; headers: Record<string, string> }[],
  ) => Promise<unknown>,
): () => Promise<void> {
  const state = { running: true };
  const loop = (async () => {
    while (state.running) {
      const started = performance.now();
      const records = Array.from({ length: (LOAD_PER_SECOND * LOAD_TICK_MS) / 1_000 }, () => {
        const activity = load.next();
        const key = agentKey(activity);
        const headers = ceHeaders(activity);
        return { key, value: encodeActivity(activity), partition: partitionOf(key, partitions), headers };
      });
      await append(records);
      await sleep(Math.max(0, LOAD_TICK_MS - (performance.now() - started)));
    }
  })();
  return async () => {
    state.running = false;
    await loop;
  };
}
