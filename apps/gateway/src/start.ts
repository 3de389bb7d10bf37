/** Builds a gateway from its parts and starts it. */
import { join } from 'node:path';
import { ActivityReporter, type Authority } from '#access';
import { TOPICS } from '#activity/types';
import type { Config } from '#config';
import type { Policy } from '#drift';
import type { FingerprintKeys } from '#observation';
import { lockDataDir, type Log } from '#stream';
import { Health, type Logger } from '#telemetry';
import { Decider } from './calls/decider.js';
import { FailMode } from './calls/fail-mode.js';
import { InFlight } from './calls/in-flight.js';
import { KnownTools } from './calls/known-tools.js';
import { CallJudge } from './calls/judge.js';
import type { Exchange, ServerEntry } from './calls/port.js';
import { followPolicies, type ActivePolicy } from './calls/policies.js';
import { Recorder } from './calls/recorder.js';
import { Session, Sessions } from './calls/sessions.js';
import { Tasks } from './calls/tasks.js';
import { ToolBook } from './calls/tool-book.js';
import { RevocationFeed } from './enforce/feed.js';
import { Lease } from './enforce/lease.js';
import { Receipts } from './enforce/receipts.js';
import { GatewayError } from './errors.js';
import { Front, type Upstream } from './http/front.js';
import { GatewayModule } from './http/gateway.module.js';
import { Identifier } from './http/identify.js';
import { listen } from './http/server.js';
import { openVerifier } from './http/verifier.js';
import { CHILDREN_MAX, STOP_MAX_MS } from './limits.js';
import { CODES } from './mcp/message.js';
import { GatewayMetrics } from './metrics.js';
import { Observer } from './observe/observer.js';
import { OpenCalls } from './record/open-calls.js';
import { SpoolFiles } from './record/spool-files.js';
import { SpoolSink } from './record/spool-sink.js';
import { HttpUpstream, type HttpUpstreamHooks } from './upstream/http.js';
import { ChildBudget, StdioUpstream } from './upstream/stdio.js';

export interface GatewayOptions {
  config: Config;
  log: Log;
  /** The configured policy: what counts is what is active, or this as long as nothing is. */
  policy: Policy;
  authority: Authority;
  /** Fingerprint keys of the tenant, the same as the authority's (`loadOrCreateKeys`). */
  keys: FingerprintKeys;
  logger: Logger;
  /** It cannot follow the revocations any more: the process should end. Its fail mode applies meanwhile. */
  onFatal?: (error: Error) => void;
}

export interface RunningGateway {
  /** MCP endpoints are `<url>/mcp/<server>`. */
  url: string;
  /** This run, as it is registered. */
  instance: string;
  stop(): Promise<void>;
}

/** How long a start waits for an earlier run's spool to be sent before it serves. */
const SPOOL_SETTLE_MS = 10_000;
const SWEEP_EVERY_MS = 30_000;

/**
 * Serves once every revocation there was is known, the spool of an earlier run is sent, its open calls are reported and
 * the gateway is registered. Throws when any of that cannot be.
 */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { config, logger } = options;
  const metrics = new GatewayMetrics();
  const directory = join(config.dataDir, 'spool', encodeURIComponent(config.gateway.id));
  const lock = lockDataDir(directory);
  lock.claim('gateway spool');
  const started: (() => Promise<void> | void)[] = [() => lock.release()];
  let leave: () => Promise<void> = () => Promise.resolve();
  try {
    const records = await openRecords(directory, options, metrics, started);
    const enforcement = openEnforcement(options, metrics, records.recorder.reporter.instance, started);
    const policies = await openPolicies(options, started);
    const calls = openCalls(options, metrics, records.recorder, enforcement, policies);
    started.push(() => calls.observer.stop());
    await follow(options, enforcement, calls);
    await sendLeftovers(records, logger);
    const { upstreams, sessions, budget } = openUpstreams(options, metrics, calls.observer, started);
    const front = await openFront(options, metrics, calls, upstreams, sessions);
    const health = new Health();
    health.watch('revocations', config.gateway.leaseMs, () => enforcement.feed.progressAgeMs);
    health.watch('lease', config.gateway.leaseMs, () => enforcement.lease.ageMs);
    await enforcement.lease.register();
    leave = () => quietly(logger, () => enforcement.lease.leave());
    const issuer = config.gateway.identity ? config.gateway.identity.issuer : null;
    const discovery = { issuer, servers: [...upstreams.keys()], publicUrl: () => front.publicUrl() };
    const http = await listen(
      GatewayModule.of(metrics.registry, health, discovery),
      front.front,
      config.gateway.listen,
    );
    front.listening(http.url);
    metrics.observe({
      spooledBytes: () => records.files.bytes,
      waitingActivities: () => records.recorder.reporter.waiting,
      revocations: () => enforcement.feed.index.size,
      revocationLagSeconds: () => enforcement.feed.progressAgeMs / 1_000,
      leaseAgeSeconds: () => enforcement.lease.ageMs / 1_000,
      openRequests: () => front.front.open,
      inFlight: () => calls.inFlight.size,
      sessions: () => sessions.size,
      children: () => budget.links.size,
    });
    const { instance } = records.recorder.reporter;
    logger.info({ url: http.url, instance, servers: [...upstreams.keys()] }, 'gateway ready');
    const stop = async (): Promise<void> => {
      front.front.close();
      await calls.inFlight.drained(STOP_MAX_MS);
      await http.stop(STOP_MAX_MS / 5);
      await leave();
      await close(started, logger);
    };
    let stopped: Promise<void> | null = null;
    return { url: http.url, instance, stop: () => (stopped ??= stop()) };
  } catch (error) {
    // It registered and serves nothing: without a goodbye it would be waited for.
    await leave();
    await close(started, logger);
    throw error;
  }
}

type Started = (() => Promise<void> | void)[];

interface Records {
  recorder: Recorder;
  files: SpoolFiles;
  sink: SpoolSink;
}

async function openRecords(
  directory: string,
  options: GatewayOptions,
  metrics: GatewayMetrics,
  started: Started,
): Promise<Records> {
  const { config, log, logger } = options;
  const files = new SpoolFiles(directory);
  const sink = new SpoolSink(log, files, logger);
  started.push(() => sink.stop());
  const partitions = await log.partitions(TOPICS.activity);
  const reporter = new ActivityReporter({ sink, partitions, source: `gateway/${config.gateway.id}` });
  const open = new OpenCalls(directory);
  const recorder = new Recorder(reporter, open, metrics, logger);
  started.push(async () => {
    await recorder.flush();
    open.stop();
  });
  return { recorder, files, sink };
}

interface EnforcementParts {
  feed: RevocationFeed;
  lease: Lease;
  receipts: Receipts;
  failMode: FailMode;
  instance: string;
}

function openEnforcement(
  options: GatewayOptions,
  metrics: GatewayMetrics,
  instance: string,
  started: Started,
): EnforcementParts {
  const { config, log, logger } = options;
  const { id: gateway, leaseMs } = config.gateway;
  const feed = new RevocationFeed(metrics, logger);
  const receipts = new Receipts(log, metrics, logger);
  const failMode = new FailMode(config.gateway.failMode);
  const lease = new Lease({ gateway, instance, leaseMs, failMode: failMode.list() }, feed, receipts, logger);
  started.push(
    () => receipts.stop(),
    () => lease.stop(),
    () => feed.stop(),
  );
  return { feed, lease, receipts, failMode, instance };
}

interface Calls {
  judge: CallJudge;
  observer: Observer;
  inFlight: InFlight;
  tasks: Tasks;
  receipt: ConstructorParameters<typeof CallJudge>[0]['receipt'];
}

async function openPolicies(options: GatewayOptions, started: Started): Promise<ActivePolicy> {
  const { log, policy: configured, logger } = options;
  const onFatal = (error: Error): void => {
    logger.error({ error: String(error) }, 'the policies cannot be followed any more; the last one holds');
    options.onFatal?.(error);
  };
  const policies = await followPolicies({ log, configured, logger, onFatal });
  started.push(() => policies.stop());
  return policies;
}

function openCalls(
  options: GatewayOptions,
  metrics: GatewayMetrics,
  recorder: Recorder,
  enforcement: EnforcementParts,
  policies: ActivePolicy,
): Calls {
  const { config, authority, keys, logger } = options;
  const { feed, lease, receipts, failMode, instance } = enforcement;
  const inFlight = new InFlight();
  const tasks = new Tasks(authority);
  const decider = new Decider({
    policies,
    decide: config.gateway.decide,
    authority,
    tasks,
    index: feed.index,
    leaseHeld: () => lease.held,
    failMode,
    metrics,
    logger,
  });
  const receipt: Calls['receipt'] = (said) =>
    receipts.report({ type: 'Enforcement', gateway: config.gateway.id, instance, at: Date.now(), ...said });
  const style = config.gateway.denials;
  const tools = new ToolBook();
  const known = new KnownTools(tools);
  const observer = new Observer({ fingerprinter: keys.current, policies, known, metrics });
  const judge = new CallJudge({
    policies,
    observer,
    decider,
    recorder,
    inFlight,
    tools,
    metrics,
    style,
    receipt,
  });
  return { judge, observer, inFlight, tasks, receipt };
}

/** From the beginning of the topic; what was there before the registration is proved by the position registered with. */
async function follow(
  { log, logger, onFatal }: GatewayOptions,
  enforcement: EnforcementParts,
  calls: Calls,
): Promise<void> {
  const { feed } = enforcement;
  const fatal = (error: Error): void => {
    logger.error(
      { error: String(error) },
      'the revocations cannot be followed any more; the fail mode applies',
    );
    onFatal?.(error);
  };
  let serving = false;
  const listener = {
    applied: (revocation: { id: string; task: string | null }): void => {
      if (revocation.task !== null) calls.tasks.forget(revocation.task);
      if (!serving) return;
      calls.inFlight.stopCovered(feed.index, Date.now());
      calls.receipt({ revocation: revocation.id, outcome: 'applied', callId: null, effect: null });
    },
    lifted: (lift: { revocation: string }): void => {
      if (serving)
        calls.receipt({ revocation: lift.revocation, outcome: 'lifted', callId: null, effect: null });
    },
  };
  await feed.start(log, listener, fatal);
  serving = true;
}

/** An earlier run's activities come before this one's, and its open calls have ended unknown. */
async function sendLeftovers({ recorder, sink, files }: Records, logger: Logger): Promise<void> {
  if (!(await sink.settled(SPOOL_SETTLE_MS))) {
    logger.warn({ bytes: files.bytes }, 'the log does not take the spool yet; new activities wait behind it');
  }
  const left = await recorder.reportLeftOpen();
  if (left > 0) logger.warn({ calls: left }, 'calls of an earlier run have no known end');
}

type Upstreams = Map<string, { entry: ServerEntry; upstream: Upstream }>;

function openUpstreams(
  { config, logger }: GatewayOptions,
  metrics: GatewayMetrics,
  observer: Observer,
  started: Started,
): { upstreams: Upstreams; sessions: Sessions; budget: ChildBudget } {
  const sessions = new Sessions();
  const budget = new ChildBudget(CHILDREN_MAX);
  const upstreams: Upstreams = new Map();
  const opened = (exchange: Exchange, id: string): Session => {
    const session = new Session(id, exchange.server.name, exchange.agent);
    sessions.add(session);
    return session;
  };
  const hooks: HttpUpstreamHooks = {
    opened,
    unread: () => metrics.limit('unread-events'),
    read: (share, text, whole) => observer.read(share, text, whole),
  };
  for (const [name, server] of Object.entries(config.gateway.servers)) {
    const entry = { name, config: server };
    upstreams.set(name, { entry, upstream: open(entry) });
  }
  const sweep = setInterval(() => {
    const nowMs = Date.now();
    sessions.sweep(nowMs);
    for (const { upstream } of upstreams.values()) if (upstream.kind === 'stdio') upstream.stdio.reap(nowMs);
  }, SWEEP_EVERY_MS).unref();
  started.push(async () => {
    clearInterval(sweep);
    await Promise.all(
      [...upstreams.values()].map(({ upstream }) =>
        (upstream.kind === 'http' ? upstream.http : upstream.stdio).close(),
      ),
    );
  });
  return { upstreams, sessions, budget };

  function open(entry: ServerEntry): Upstream {
    const { url, command } = entry.config;
    if ((url === undefined) === (command === undefined)) {
      throw new GatewayError(
        'config',
        CODES.internal,
        `gateway.servers.${entry.name} needs either url or command`,
      );
    }
    if (url !== undefined) return { kind: 'http', http: new HttpUpstream(url, hooks) };
    return { kind: 'stdio', stdio: new StdioUpstream(entry, sessions, budget, logger) };
  }
}

async function openFront(
  { config, logger }: GatewayOptions,
  metrics: GatewayMetrics,
  { judge, observer }: Pick<Calls, 'judge' | 'observer'>,
  servers: Upstreams,
  sessions: Sessions,
): Promise<{ front: Front; publicUrl: () => string; listening: (url: string) => void }> {
  const { identity, listen: at, hosts, origins, publicUrl } = config.gateway;
  let url = publicUrl ?? '';
  const verifier = await openVerifier(identity);
  const identifier = new Identifier({
    tenant: config.tenant,
    verifier,
    required: identity?.required ?? false,
    crowded: () => metrics.limit('asserted-names'),
  });
  const guard = { loopback: LOOPBACK.has(at.host), hosts, origins };
  const front = new Front({
    servers,
    sessions,
    guard,
    identifier,
    judge,
    observer,
    metrics,
    logger,
    publicUrl: () => url,
  });
  return {
    front,
    publicUrl: () => url,
    listening: (listenUrl) => (url = publicUrl?.replace(/\/$/, '') ?? listenUrl),
  };
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** In reverse order of opening. */
async function close(started: Started, logger: Logger): Promise<void> {
  for (const end of started.reverse()) await quietly(logger, end);
}

/** A log that is away must not keep a gateway from stopping. */
async function quietly(logger: Logger, end: () => Promise<void> | void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${STOP_MAX_MS} ms`)), STOP_MAX_MS);
  });
  try {
    await Promise.race([end(), late]);
  } catch (error) {
    logger.warn({ error: String(error) }, 'a part of the gateway did not end cleanly');
  } finally {
    clearTimeout(timer);
  }
}
