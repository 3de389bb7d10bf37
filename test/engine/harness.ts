/** Engines on real logs and stores, what is put in, and what an independent reader finds afterwards. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import {
  ceHeaders,
  decodeActivity,
  decodeAlert,
  decodeRevocation,
  encodeActivity,
  ordinaryCall,
  partitionOf,
} from '#activity';
import {
  agentKey,
  TOPICS,
  type Activity,
  type Alert,
  type PolicyActivated,
  type Revocation,
  type ToolCall,
} from '#activity/types';
import { Config } from '#config';
import type { Policy } from '#drift';
import { isAgentKey, Replay, startEngine, topicSpecs, type EngineOptions, type RunningEngine } from '#engine';
import { decodePolicy, encodePolicy, isActivationKey, PolicyTopic } from '#policy';
import { openEmbeddedStore, openRedisStore, type StateStore } from '#store';
import { openEmbeddedLog, openKafkaLog, type Log, type LogRecord } from '#stream';
import type { Logger } from '#telemetry';
import { startRedis } from '../servers/redis.js';
import { prefixed } from './prefixed-log.js';

export type Mode = 'embedded' | 'servers';
export const TENANT = 'acme';
export const PARTITIONS = 4;

/** Which of them can run here: real servers only where the run has them. */
export function modes(): Mode[] {
  return inject('kafkaBrokers') !== '' && inject('redisServer') !== ''
    ? ['embedded', 'servers']
    : ['embedded'];
}

export const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** A honeytoken touched revokes the agent at once: commands without a story around them. */
export const POLICY = named({
  digest: '',
  name: 'test',
  catalogue: {
    tools: [
      {
        server: 'vault',
        tool: 'bait',
        effect: 'read',
        trust: 'own',
        dataClasses: [],
        resource: null,
        destination: null,
        facts: [],
        canary: true,
      },
    ],
    internalDomains: [],
    internalAccounts: [],
    canaryResources: [],
  },
  ask: { effects: ['write'], readsWithAddress: true },
  dataClasses: { internal: 0.2 },
  detectors: { canary: { mode: 'enforce', weight: 0.9, ceiling: 0.95, halfLifeMs: 600_000, options: {} } },
  levels: { elevated: 30, high: 60, critical: 80, hysteresis: 10 },
  responses: [
    {
      id: 'agent-critical',
      of: 'agent',
      level: 'critical',
      response: 'revoke-agent',
      effects: null,
      minTasks: 1,
      forMs: 600_000,
      mode: 'enforce',
    },
  ],
  uncatalogued: 'observe',
  idleMs: 30 * 86_400_000,
  implicitTaskIdleMs: 3_600_000,
  profileHalfLifeMs: 7 * 86_400_000,
  exposureHalfLifeMs: 3_600_000,
  settledMs: 3_600_000,
  keepIntent: true,
});

/** The policy with the digest that names it. */
export function named(policy: Policy): Policy {
  return decodePolicy(encodePolicy(policy));
}

export interface Ground {
  mode: Mode;
  dir: string;
  log: Log;
  store: StateStore;
  config: Config;
  /** An engine of its own on this log and store. */
  start(more?: Partial<EngineOptions>): Promise<RunningEngine>;
  /** Ends what was started; the log and store stay as they are. */
  stopEngines(): Promise<void>;
  /** Lets go of an embedded log and store, so that another process can have them; `reopen` takes them back. */
  release(): Promise<void>;
  reopen(): Promise<void>;
  close(): Promise<void>;
}

export async function openGround(
  mode: Mode,
  settings: { batchEvents?: number } = {},
  clock = { aheadMs: 0 },
): Promise<Ground> {
  const dir = mkdtempSync(join(tmpdir(), 'driftline-engine-'));
  const redis = mode === 'servers' ? await startRedis() : null;
  const prefix = `e-${randomUUID().slice(0, 8)}`;
  const openLog = async (): Promise<Log> =>
    redis ? kafkaLog() : openEmbeddedLog({ dir: join(dir, 'log'), now: () => Date.now() + clock.aheadMs });
  const openStore = async (): Promise<StateStore> =>
    redis
      ? openRedisStore({ nodes: [`${redis.host}:${redis.port}`], layout: 'standalone', database: 0 })
      : openEmbeddedStore({ dir: join(dir, 'store') });
  const config = Config.parse({
    tenant: TENANT,
    engine: { listen: { host: '127.0.0.1', port: 0 }, tickMs: 60_000, ...settings },
  });
  const running: RunningEngine[] = [];
  let opened = await openLog();
  const ground: Ground = {
    mode,
    dir,
    log: redis ? prefixed(opened, prefix) : opened,
    store: await openStore(),
    config,
    start: async (more = {}) => {
      const { log, store } = ground;
      const engine = await startEngine({ config, log, store, policy: POLICY, logger: quiet, ...more });
      running.push(engine);
      return engine;
    },
    stopEngines: async () => {
      await Promise.all(running.splice(0).map((engine) => engine.stop()));
    },
    release: async () => {
      await ground.stopEngines();
      await opened.close();
      await ground.store.close();
    },
    reopen: async () => {
      opened = await openLog();
      ground.log = redis ? prefixed(opened, prefix) : opened;
      ground.store = await openStore();
    },
    close: async () => {
      await ground.release();
      await redis?.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  const specs = topicSpecs(config).map((spec) =>
    spec.name === TOPICS.activity ? { ...spec, partitions: PARTITIONS } : spec,
  );
  await ground.log.ensureTopics(specs);
  return ground;
}

function kafkaLog(): Promise<Log> {
  const brokers = [inject('kafkaBrokers')];
  return openKafkaLog({ brokers, clientId: 'engine-test', partitions: PARTITIONS, replicationFactor: 1 });
}

/** One gateway's reports about agents, numbered as a gateway numbers them. */
export class Reporter {
  private readonly numbers = new Map<string, number>();
  private counter = 0;

  constructor(readonly instance = `gateway-${randomUUID().slice(0, 8)}`) {}

  call(agent: string, more: Partial<ToolCall> = {}): ToolCall {
    const sequence = (this.numbers.get(agent) ?? 0) + 1;
    this.numbers.set(agent, sequence);
    this.counter += 1;
    return ordinaryCall({
      id: `${this.instance}-${this.counter}`,
      tenant: TENANT,
      agent: `spiffe://acme/${agent}`,
      time: Date.now(),
      instance: this.instance,
      sequence,
      conversation: 'c1',
      callId: `call-${this.counter}`,
      tool: `tool-${this.counter % 7}`,
      dataClasses: ['internal'],
      resource: '/scratch/notes.txt',
      ...more,
    });
  }

  /** Touches the honeytoken: the agent is revoked. */
  bait(agent: string): ToolCall {
    return this.call(agent, { server: 'vault', tool: 'bait' });
  }

  /** Ordinary calls of `agents` agents in turn, with a bait now and then. */
  calls(count: number, agents: number, baitEvery = Infinity): ToolCall[] {
    return Array.from({ length: count }, (_, i) => {
      const agent = `agent-${i % agents}`;
      return (i + 1) % baitEvery === 0 ? this.bait(agent) : this.call(agent);
    });
  }
}

export async function send(
  log: Log,
  activities: Activity[],
): Promise<{ partition: number; offset: number }[]> {
  const records = activities.map((activity) => {
    const key = agentKey(activity);
    const partition = partitionOf(key, PARTITIONS);
    return { key, partition, value: encodeActivity(activity), headers: ceHeaders(activity) };
  });
  return log.append(TOPICS.activity, records);
}

/** Everything that is on a topic now. */
export async function readAll(log: Log, topic: string): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  const fail = (error: Error) => {
    throw error;
  };
  const follower = await log.follow({
    topic,
    from: 'start',
    onRecords: (records) => void found.push(...records),
    onFatal: fail,
  });
  await follower.caughtUp;
  await follower.stop();
  return found;
}

export async function revocations(log: Log): Promise<Revocation[]> {
  const records = await readAll(log, TOPICS.revocations);
  return records.filter(({ value }) => value !== null).map(({ value }) => decodeRevocation(value!));
}

export async function alerts(log: Log): Promise<Alert[]> {
  const records = await readAll(log, TOPICS.alerts);
  return records.map(({ value }) => decodeAlert(value!));
}

/** What was put on the partitions of the activity log about policies, in order per partition. */
export async function activations(log: Log): Promise<PolicyActivated[]> {
  const records = await readAll(log, TOPICS.activity);
  return records
    .filter(({ headers }) => headers['ce_type'] === 'dev.driftline.policy-activated.v1')
    .map(({ value }) => decodeActivity(value!) as PolicyActivated);
}

/** The documents on the `policies` topic. */
export async function policies(log: Log): Promise<{ documents: Policy[] }> {
  const records = await readAll(log, TOPICS.policies);
  const documents = records.filter(({ key }) => !isActivationKey(key!.toString()));
  return { documents: documents.map(({ value }) => decodePolicy(value!)) };
}

/** Somebody who activates policies beside the engines. */
export async function policyTopic(log: Log) {
  const fail = (error: Error) => {
    throw error;
  };
  const topic = await PolicyTopic.open({ log, configured: POLICY, onFatal: fail });
  const activate = (policy: Policy, by: string) =>
    topic.activate(policy, {
      id: `test-${randomUUID()}`,
      tenant: TENANT,
      source: 'authority/test',
      instance: 'authority-test',
      by,
      reason: 'a test',
    });
  return { book: topic.book, activate, stop: () => topic.stop() };
}

/** Agent key → the bytes of its state, as the store holds them. */
export async function storedStates(store: StateStore): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    for await (const key of store.keys(`activity/${partition}`)) {
      const [bytes] = await store.load(`activity/${partition}`, [key]);
      if (isAgentKey(key) && bytes) states.set(key, Buffer.from(bytes).toString('hex'));
    }
  }
  return states;
}

/** The same, folded from the log by itself: what the store has to hold, whatever happened on the way. */
export async function cleanReplay(log: Log, policies: Policy[] = [POLICY]): Promise<Map<string, string>> {
  const byDigest = new Map(policies.map((policy) => [policy.digest, policy]));
  const source = { get: (digest: string) => byDigest.get(digest) ?? null };
  const replay = new Replay({ policy: policies[0]!, policies: source, maxSkewMs: 30_000 });
  for (const { partition, offset, appendTimeMs, value } of await readAll(log, TOPICS.activity)) {
    try {
      replay.fold({ partition, offset, appendTimeMs, activity: decodeActivity(value!) });
    } catch {
      // Poison is no activity: the engine says so with a dead letter, which its own test looks at.
    }
  }
  const states = [...replay.encodedStates()];
  return new Map(states.map(([key, bytes]) => [key, Buffer.from(bytes).toString('hex')]));
}

/** Resolves when everything on the activity topic is folded and stored. */
export async function folded(ground: Pick<Ground, 'log' | 'store'>, timeoutMs = 30_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    for (;;) {
      const [{ end }, marker] = await Promise.all([
        ground.log.bounds(TOPICS.activity, partition),
        // Just restarted: its connection may not be back yet.
        ground.store.marker(`activity/${partition}`).catch(() => null),
      ]);
      if (end === 0 || (marker !== null && marker.offset === end - 1)) break;
      if (Date.now() > deadline) {
        throw new Error(`partition ${partition}: folded to ${marker?.offset ?? 'nothing'} of ${end - 1}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
