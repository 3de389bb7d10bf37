/** A whole Driftline in this process on the embedded log and store, with as many gateways as a test wants. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { decodeActivity, decodeGatewayReport, encodeRevocation } from '#activity';
import { TOPICS, type Activity, type GatewayReport, type Revocation } from '#activity/types';
import { startAuthority, type RunningAuthority } from '#authority';
import { Config } from '#config';
import { startEngine, topicSpecs, type RunningEngine } from '#engine';
import { loadOrCreateKeys, startGateway, type RunningGateway } from '#gateway';
import { defaultPolicy, type Policy } from '#policy';
import { openEmbeddedStore, type StateStore } from '#store';
import { openEmbeddedLog, type Log } from '#stream';
import type { Logger } from '#telemetry';

const silent = (): void => undefined;
const told = (fields: object, message: string): void =>
  void process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);

/** Says nothing, unless `DRIFTLINE_TEST_LOG` is set. */
export const quiet: Logger = process.env.DRIFTLINE_TEST_LOG
  ? { debug: silent, info: silent, warn: told, error: told }
  : { debug: silent, info: silent, warn: silent, error: silent };

type GatewaySettings = Record<string, unknown> & { servers: Record<string, object> };

export interface World {
  dir: string;
  log: Log;
  store: StateStore;
  policy: Policy;
  authority: RunningAuthority;
  engine: RunningEngine;
  /** Starts a gateway; `log` stands between it and the log, for faults. */
  gateway(
    settings: GatewaySettings,
    options?: { log?: Log; authority?: RunningAuthority['authority'] },
  ): Promise<RunningGateway>;
  /** Everything on the activity topic so far, in order per partition. */
  activities(): Promise<Activity[]>;
  reports(): Promise<GatewayReport[]>;
  revoke(revocation: Partial<Revocation>): Promise<Revocation>;
  stop(): Promise<void>;
}

export async function openWorld(overrides: Record<string, unknown> = {}): Promise<World> {
  const dir = (overrides.dataDir as string | undefined) ?? mkdtempSync(join(tmpdir(), 'driftline-gateway-'));
  const config = Config.parse({
    dataDir: dir,
    engine: { listen: { port: 0 } },
    authority: { listen: { port: 0 } },
    ...overrides,
  });
  const log = await openEmbeddedLog({ dir });
  await log.ensureTopics(topicSpecs(config));
  const store = await openEmbeddedStore({ dir });
  const policy = defaultPolicy();
  const keys = loadOrCreateKeys(dir, config.tenant);
  const engine = await startEngine({ config, log, store, policy, logger: quiet });
  const authority = await startAuthority({
    config,
    log,
    store,
    policy,
    keys,
    credentials: [],
    logger: quiet,
  });
  await foldedOnce(log, store);
  const gateways: RunningGateway[] = [];
  return {
    dir,
    log,
    store,
    policy,
    authority,
    engine,
    async gateway(settings, options = {}) {
      const gateway = Config.parse({ gateway: { listen: { port: 0 }, ...settings } }).gateway;
      const running = await startGateway({
        config: { ...config, gateway },
        log: options.log ?? log,
        policy,
        authority: options.authority ?? authority.authority,
        keys,
        logger: quiet,
      });
      gateways.push(running);
      return running;
    },
    activities: async () => {
      const records = await readAll(log, TOPICS.activity);
      return records.map((value) => decodeActivity(value)).filter(({ agent }) => agent !== '');
    },
    reports: async () => (await readAll(log, TOPICS.enforcements)).map((value) => decodeGatewayReport(value)),
    revoke: (partial) => revoke(log, partial),
    async stop() {
      await Promise.all(gateways.map((gateway) => gateway.stop()));
      await authority.stop();
      await engine.stop();
      await store.close();
      await log.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Until the engine has said of every partition that it is folded, the authority answers like an absent one. */
async function foldedOnce(log: Log, store: StateStore): Promise<void> {
  for (let partition = 0; partition < (await log.partitions(TOPICS.activity)); partition += 1) {
    const folded = async () => (await store.view(`activity/${partition}`, 'nobody')).currency !== null;
    await until(folded, `partition ${partition} is folded`);
  }
}

async function readAll(log: Log, topic: string): Promise<Buffer[]> {
  const values: Buffer[] = [];
  for (let partition = 0; partition < (await log.partitions(topic)); partition += 1) {
    const { start, end } = await log.bounds(topic, partition);
    for (let offset = start; offset < end; offset += 1) {
      const record = await log.readAt(topic, partition, offset);
      if (record?.value) values.push(record.value);
    }
  }
  return values;
}

let revocations = 0;

/** Straight onto the topic, as the engine does it. */
export async function revoke(log: Log, partial: Partial<Revocation>): Promise<Revocation> {
  revocations += 1;
  const revocation: Revocation = {
    id: `test-${process.pid}-${revocations}`,
    tenant: 'default',
    agent: null,
    task: null,
    server: null,
    effects: null,
    tools: null,
    dataClasses: null,
    response: 'revoke-agent',
    issuedAt: Date.now(),
    until: Date.now() + 60_000,
    reason: 'the test takes it away',
    retryable: false,
    evidence: [],
    risk: 90,
    policy: '',
    by: 'tester',
    cause: '',
    ...partial,
  };
  await log.append(TOPICS.revocations, [
    { key: revocation.id, value: encodeRevocation(revocation), partition: 0 },
  ]);
  return revocation;
}

export interface ClientOptions {
  /** `session` = 2025-11-25, `stateless` = 2026-07-28. */
  era?: 'session' | 'stateless';
  headers?: Record<string, string>;
  capabilities?: Record<string, object>;
  prepare?: (client: Client) => void;
}

/** The official client, connected. */
export async function connect(url: string, options: ClientOptions = {}): Promise<Client> {
  const negotiation = options.era === 'stateless' ? { versionNegotiation: { mode: 'auto' as const } } : {};
  const client = new Client(
    { name: 'test-client', version: '1' },
    { capabilities: options.capabilities ?? {}, ...negotiation },
  );
  options.prepare?.(client);
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: options.headers ?? {} } }),
  );
  return client;
}

export async function until(
  check: () => boolean | Promise<boolean>,
  what: string,
  maxMs = 5_000,
): Promise<void> {
  const end = performance.now() + maxMs;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`not within ${maxMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
