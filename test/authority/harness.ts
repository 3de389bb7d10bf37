/** Authorities on one log and one store, with the word of an engine that it is caught up, for tests without one. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { Role } from '#access';
import { startAuthority, type Credential, type RunningAuthority } from '#authority';
import { ordinaryCall, ordinaryResult } from '#activity';
import { TOPICS, type Activity, type ToolCall, type ToolResult } from '#activity/types';
import { Config } from '#config';
import type { Policy } from '#drift';
import { deriveTenantKey, FingerprintKeys } from '#observation';
import { decodePolicy, defaultPolicy, encodePolicy } from '#policy';
import { openEmbeddedStore, openRedisStore, type StateStore } from '#store';
import { openEmbeddedLog, openKafkaLog, type Log } from '#stream';
import { createMetrics, type Logger, type Metrics } from '#telemetry';
import { prefixed } from '../engine/prefixed-log.js';
import { startRedis } from '../servers/redis.js';

export const PARTITIONS = 4;

export const CREDENTIALS: Credential[] = (['orchestrator', 'gateway', 'person'] as const).map((role) => ({
  name: `test-${role}`,
  role,
  token: `token-of-the-${role}-0123456789`,
}));
export const tokenOf = (role: Role): string => CREDENTIALS.find((one) => one.role === role)!.token;

export const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export interface Ground {
  log: Log;
  store: StateStore;
  policy: Policy;
  tenant: string;
  /** Says on a timer that every partition is folded; stopped, state grows old. */
  keepCurrent(policyDigest?: string): Promise<void>;
  stopCurrency(): Promise<void>;
  /** `parts` replace the ground's own log or store, to put something in between. */
  start(
    settings?: object,
    parts?: { log?: Log; store?: StateStore },
  ): Promise<RunningAuthority & { metrics: Metrics }>;
  /** Where Redis listens, null on embedded parts. */
  redis: { host: string; port: number } | null;
  stop(): Promise<void>;
}

export type Servers = 'embedded' | 'redis' | 'redis+kafka';

/** Which of them can run here: real servers only where the run has them. */
export function available(): Servers[] {
  const redis: Servers[] = inject('redisServer') === '' ? [] : ['redis'];
  const both: Servers[] = redis.length > 0 && inject('kafkaBrokers') !== '' ? ['redis+kafka'] : [];
  return ['embedded', ...redis, ...both];
}

/** `overall`: settings of every service. */
export async function openGround(
  servers: Servers,
  policy: Policy = defaultPolicy(),
  overall: object = {},
): Promise<Ground> {
  const dir = mkdtempSync(join(tmpdir(), 'driftline-authority-'));
  const redis = servers === 'embedded' ? null : await startRedis();
  const store = redis
    ? await openRedisStore({ nodes: [`${redis.host}:${redis.port}`], layout: 'standalone', database: 0 })
    : await openEmbeddedStore({ dir: join(dir, 'store') });
  const log = servers === 'redis+kafka' ? await kafkaLog() : await openEmbeddedLog({ dir: join(dir, 'log') });
  await log.ensureTopics(topicSpecs());
  const tenant = `t-${randomUUID().slice(0, 8)}`;
  const partitions = await log.partitions(TOPICS.activity);
  const running: RunningAuthority[] = [];
  let timer: NodeJS.Timeout | null = null;
  let saying: Promise<void> = Promise.resolve();
  const stopCurrency = async (): Promise<void> => {
    if (timer) clearInterval(timer);
    await saying;
  };
  const say = async (digest: string): Promise<void> => {
    const currency = { caughtUpAtMs: Date.now(), policy: digest };
    for (let p = 0; p < partitions; p += 1) await store.touch(`activity/${p}`, currency);
  };
  return {
    log,
    store,
    policy,
    tenant,
    redis,
    stopCurrency,
    keepCurrent: async (digest = policy.digest) => {
      await stopCurrency();
      await say(digest);
      timer = setInterval(() => (saying = say(digest)), 200);
    },
    start: async (settings = {}, replaced = {}) => {
      const authority = {
        id: `authority-${running.length}`,
        listen: { host: '127.0.0.1', port: 0 },
        ...settings,
      };
      const config = Config.parse({ ...overall, tenant, authority });
      const keys = new FingerprintKeys([deriveTenantKey(Buffer.alloc(32, 7), tenant, 1)]);
      const metrics = createMetrics();
      const parts = { config, log, store, policy, keys, credentials: CREDENTIALS, logger: quiet, metrics };
      const started = await startAuthority({ ...parts, ...replaced });
      running.push(started);
      return { ...started, metrics };
    },
    stop: async () => {
      await stopCurrency();
      await Promise.all(running.map((one) => one.stop()));
      await log.close();
      await store.close();
      await redis?.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function kafkaLog(): Promise<Log> {
  const brokers = [inject('kafkaBrokers')];
  const log = await openKafkaLog({
    brokers,
    clientId: 'authority-test',
    partitions: PARTITIONS,
    replicationFactor: 1,
  });
  // What one test activates is not for another to judge with.
  return { ...prefixed(log, `a-${randomUUID().slice(0, 8)}`), close: () => log.close() };
}

function topicSpecs() {
  return Object.values(TOPICS).map((name) => ({
    name,
    partitions: name === TOPICS.activity ? PARTITIONS : 1,
    compacted: name === TOPICS.revocations || name === TOPICS.policies,
    retentionMs: null,
  }));
}

let calls = 0;

/** A call as a gateway proposes it. */
export function toolCall(tenant: string, agent: string, more: Partial<ToolCall> = {}): ToolCall {
  calls += 1;
  return ordinaryCall({
    id: `gateway-test-${calls}`,
    tenant,
    agent,
    principal: 'ada',
    time: Date.now(),
    source: 'gateway/test',
    instance: 'gateway-test',
    sequence: 0,
    callId: `call-${calls}`,
    tool: 'write_file',
    effect: 'write',
    resource: '/scratch/notes.txt',
    basis: 'assessed',
    ...more,
  });
}

export function toolResult(call: ToolCall, more: Partial<ToolResult> = {}): ToolResult {
  calls += 1;
  const { tenant, agent, assurance, principal, actors, source, instance } = call;
  const { task, conversation, callId, server, tool } = call;
  const who = { tenant, agent, assurance, principal, actors, source, instance };
  const what = { task, conversation, callId, server, tool };
  return ordinaryResult({
    ...who,
    ...what,
    id: `gateway-test-${calls}`,
    time: Date.now(),
    sequence: 0,
    ...more,
  });
}

/** Everything on a topic, decoded by the caller. */
export async function readAll(log: Log, topic: string): Promise<{ key: string; value: Buffer }[]> {
  const found: { key: string; value: Buffer }[] = [];
  const partitions = await log.partitions(topic);
  for (let partition = 0; partition < partitions; partition += 1) {
    const { start, end } = await log.bounds(topic, partition);
    for (let offset = start; offset < end; offset += 1) {
      const record = await log.readAt(topic, partition, offset);
      if (record?.value) found.push({ key: record.key?.toString() ?? '', value: record.value });
    }
  }
  return found;
}

/** One HTTP request as a caller of this role. */
export async function ask(
  url: string,
  role: Role | null,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; code: string | null; body: any }> {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(role ? { authorization: `Bearer ${tokenOf(role)}` } : {}),
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json') && text !== '';
  return {
    status: response.status,
    code: response.headers.get('driftline-code'),
    body: json ? JSON.parse(text) : text,
  };
}

export type { Activity };

/** A policy under which every distinct read outside the scope adds up, and enough of them ask for a context check. */
export function strictPolicy(): Policy {
  const policy = defaultPolicy();
  const scope = {
    ...policy.detectors.scope!,
    mode: 'enforce' as const,
    weight: 0.3,
    ceiling: 0.99,
    halfLifeMs: 3_600_000,
  };
  const strict: Policy = {
    ...policy,
    detectors: { scope, afterlife: policy.detectors.afterlife! },
    levels: { elevated: 40, high: 80, critical: 95, hysteresis: 5 },
    responses: [
      {
        id: 'ask-again',
        of: 'task',
        level: 'elevated',
        response: 'context-check',
        effects: null,
        minTasks: 1,
        forMs: 600_000,
        mode: 'enforce',
      },
    ],
    uncatalogued: 'enforce',
  };
  return decodePolicy(encodePolicy(strict));
}

/** Reads nothing in scope allows: each another piece of evidence. */
export function strayRead(tenant: string, agent: string, task: string, n: number): ToolCall {
  return toolCall(tenant, agent, { task, tool: 'read_file', effect: 'read', resource: `/private/${n}.txt` });
}

export const NARROW = {
  tools: null,
  effects: null,
  resources: ['/scratch/*'],
  destinations: null,
  dataClasses: null,
  estimated: false,
};
