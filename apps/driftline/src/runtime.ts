/** The parts every service runs on, opened once and closed in reverse: configuration, log, store, policy, keys, credentials. */
import { loadOrCreateCredentials, type Credential } from '#authority';
import { Config, loadConfig } from '#config';
import type { Policy } from '#drift';
import { topicSpecs } from '#engine';
import { loadOrCreateKeys } from '#gateway';
import type { FingerprintKeys } from '#observation';
import { defaultPolicy, loadPolicy } from '#policy';
import { openStore, type StateStore } from '#store';
import { openLog, type Log } from '#stream';
import { createLogger, type Logger } from '#telemetry';

interface Parts {
  config: Config;
  log: Log;
  policy: Policy;
  logger: Logger;
  close(): Promise<void>;
}

/** What an engine runs on: it needs neither value keys nor anybody's token. */
export interface EngineParts extends Parts {
  store: StateStore;
}

/** What a gateway runs on: it knows no store. */
export interface Basis extends Parts {
  keys: FingerprintKeys;
  credentials: Credential[];
}

export interface Runtime extends Basis {
  store: StateStore;
}

export interface RuntimeOptions {
  /** Path of the configuration file; `driftline.yaml` in the working directory when absent and there. */
  configPath?: string;
  /** Applied over file and environment before validation. */
  overrides?: Record<string, unknown>;
  /** Neither file nor environment: only what `overrides` say. */
  ignoreFile?: boolean;
  /** Name on log lines. */
  service: string;
  /** Log lines to standard error only from this level on. */
  logLevel?: 'debug' | 'info' | 'warn' | 'error';
}

/** Throws `ConfigError` listing every mistake, or what the log says when it cannot be opened. */
async function openParts(options: RuntimeOptions, store: boolean): Promise<Parts> {
  const config = options.ignoreFile
    ? Config.parse(options.overrides ?? {})
    : loadConfig({ path: options.configPath, overrides: options.overrides, store }).config;
  const logger = createLogger({ service: options.service, level: options.logLevel ?? 'info' });
  const policy = config.policy === undefined ? defaultPolicy() : loadPolicy(config.policy);
  const log = await openLog(config);
  const parts = { config, log, policy, logger, close: () => log.close() };
  // Whoever starts first makes them; services may start in any order.
  return orClose(parts, async () => {
    await log.ensureTopics(topicSpecs(config));
    return parts;
  });
}

/** For a gateway: configuration need not say where the store is. */
export async function openBasis(options: RuntimeOptions): Promise<Basis> {
  return withKeys(await openParts(options, false));
}

export async function openEngineParts(options: RuntimeOptions): Promise<EngineParts> {
  return withStore(await openParts(options, true));
}

export async function openRuntime(options: RuntimeOptions): Promise<Runtime> {
  return withStore(await withKeys(await openParts(options, true)));
}

/** Keys and credentials; both are made at the first start. */
function withKeys(parts: Parts): Promise<Basis> {
  return orClose(parts, async () => ({
    ...parts,
    keys: loadOrCreateKeys(parts.config.dataDir, parts.config.tenant),
    credentials: await loadOrCreateCredentials(parts.config),
  }));
}

/** Throws what the store says when it cannot be opened. */
function withStore<P extends Parts>(parts: P): Promise<P & { store: StateStore }> {
  return orClose(parts, async () => {
    const store = await openStore(parts.config, { logger: parts.logger });
    const close = async () => {
      await store.close();
      await parts.close();
    };
    return { ...parts, store, close };
  });
}

async function orClose<T>(parts: Parts, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    await parts.close();
    throw error;
  }
}
