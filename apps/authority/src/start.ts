import { ActivityReporter, type Authority, type Caller } from '#access';
import { TOPICS } from '#activity/types';
import type { Config } from '#config';
import type { FingerprintKeys } from '#observation';
import type { Policy } from '#drift';
import type { StateStore } from '#store';
import type { Log } from '#stream';
import { createMetrics, Health, type Logger, type Metrics } from '#telemetry';
import { Agents } from './agents.js';
import { Alerts } from './alerts.js';
import { AuditTrail } from './audit.js';
import { AuthorityService } from './authority.service.js';
import { Callers } from './callers.js';
import type { Credential } from './credentials.js';
import { Decisions } from './decisions.js';
import { typed } from './errors.js';
import { GatewaySet } from './gateway-set.js';
import type { HttpParts } from './http/authority.module.js';
import { startHttp, type HttpServer } from './http/server.js';
import { Intents } from './intents.js';
import { authorityMetrics } from './metrics.js';
import { PendingLists } from './pending.js';
import { PlainCalls } from './plain-calls.js';
import { Policies } from './policies.js';
import { ActivityRecords } from './records.js';
import { Revocations } from './revocations.js';
import { Tasks } from './tasks.js';
import { activityPartitions } from './topics.js';
import { Verdicts } from './verdicts.js';

export interface AuthorityOptions {
  config: Config;
  log: Log;
  store: StateStore;
  /** The configured policy: what judges is what is active, or this as long as nothing is. */
  policy: Policy;
  /** Fingerprint keys of the tenant, the same as the gateways'. */
  keys: FingerprintKeys;
  credentials: Credential[];
  logger: Logger;
  /** Shared when several services run in one process. */
  metrics?: Metrics;
  /** Following the log cannot go on by itself: the process should end. */
  onFatal?: (error: Error) => void;
}

export interface RunningAuthority {
  url: string;
  /** The same decisions without HTTP, for a gateway in this process. */
  authority: Authority;
  stop(): Promise<void>;
}

/** Whoever holds `RunningAuthority.authority` in this process; acts are audited under this name. */
const IN_PROCESS: Caller = { name: 'in-process', role: 'orchestrator' };
/** Polls answer within a second even when nothing happens; ten missed are a log that is away. */
const PROGRESS_LIMIT_MS = 10_000;

/** Serves once every revocation there was is known. Resolves when the port is open. */
export async function startAuthority(options: AuthorityOptions): Promise<RunningAuthority> {
  const { config, log, logger } = options;
  const onFatal = options.onFatal ?? ((error) => logger.error({ error }, 'the authority cannot go on'));
  const metrics = options.metrics ?? createMetrics();
  const counted = authorityMetrics(metrics);
  const source = `authority/${config.authority.id}`;
  const { maxStaleMs } = config.authority;
  const revocations = new Revocations({ log, source, maxStaleMs, metrics: counted, logger, onFatal });
  const alerts = new Alerts({ log, metrics: counted, logger, onFatal });
  const policies = new Policies({
    log,
    configured: options.policy,
    tenant: config.tenant,
    source,
    metrics: counted,
    logger,
    onFatal,
  });
  await options.store.check();
  const partitions = await activityPartitions(log, logger);
  const parts = assemble(
    { ...options, onFatal },
    { metrics, counted, source, revocations, alerts, policies, partitions },
  );
  const stopFollowing = () => Promise.all([revocations.stop(), alerts.stop(), policies.stop()]);
  let http: HttpServer;
  try {
    await Promise.all([revocations.start(), alerts.start(), policies.start()]);
    parts.http.health.watch('revocations', PROGRESS_LIMIT_MS, () => revocations.progressAgeMs());
    http = await startHttp(parts.http, new Callers(options.credentials), config.authority.listen);
  } catch (error) {
    await stopFollowing();
    throw error;
  }
  logger.info({ url: http.url, policy: policies.active.digest }, 'authority ready');
  return {
    url: http.url,
    authority: inProcess(parts.http),
    stop: async () => {
      await http.stop();
      await parts.reporter.flush();
      await stopFollowing();
    },
  };
}

interface Made {
  metrics: Metrics;
  counted: ReturnType<typeof authorityMetrics>;
  source: string;
  revocations: Revocations;
  alerts: Alerts;
  policies: Policies;
  partitions: number;
}

function assemble(options: AuthorityOptions, made: Made): { http: HttpParts; reporter: ActivityReporter } {
  const { config, log, store, logger } = options;
  const { metrics, counted, source, revocations, alerts, policies, partitions } = made;
  const { maxSkewMs, tenant } = config;
  const { maxStaleMs, maxTaskTtlMs } = config.authority;
  const agents = new Agents({ store, policies, partitions, maxSkewMs, maxStaleMs, metrics: counted });
  const pending = new PendingLists(store, agents, counted);
  const sink = { append: (records: Parameters<Log['append']>[1]) => log.append(TOPICS.activity, records) };
  const reporter = new ActivityReporter({ sink, partitions, source });
  const records = new ActivityRecords(reporter, pending);
  const audit = new AuditTrail(log, source, counted);
  const intents = new Intents(options.keys);
  const decisions = new Decisions({ agents, pending, revocations, policies, maxSkewMs, metrics: counted });
  const tasks = new Tasks({
    store,
    agents,
    records,
    revocations,
    intents,
    policies,
    tenant,
    partitions,
    maxTaskTtlMs,
  });
  const verdicts = new Verdicts({ alerts, agents, records });
  const authority = new AuthorityService({
    verdicts,
    agents,
    tasks,
    pending,
    revocations,
    gateways: new GatewaySet(log),
    records,
    audit,
    policies,
    tenant,
  });
  const plainCalls = new PlainCalls({ decisions, pending, reporter, policies, keys: options.keys, tenant });
  const health = new Health();
  const http = {
    authority,
    decisions,
    plainCalls,
    alerts,
    audit,
    authorityMetrics: counted,
    metrics,
    health,
    logger,
  };
  return { http, reporter };
}

function inProcess({ authority, decisions }: HttpParts): Authority {
  const person: Caller = { ...IN_PROCESS, role: 'person' };
  return {
    decide: (call) => typed(() => decisions.decide(call)),
    pend: (result) => typed(() => authority.pend(result)),
    task: (task, agent) => typed(() => authority.task(task, agent)),
    startTask: (request) => typed(() => authority.startTask(request, IN_PROCESS)),
    endTask: (task, outcome, by) => typed(() => authority.endTask(task, outcome, by, IN_PROCESS)),
    contextCheck: (task, request, agent) => typed(() => authority.contextCheck(task, request, person, agent)),
  };
}
