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

/** What a gateway runs on: it knows no store. */
export interface Basis {
  config: Config;
  log: Log;
  policy: Policy;
  keys: FingerprintKeys;
  credentials: Credential[];
  logger: Logger;
  close(): Promise<void>;
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
export async function openBasis(options: RuntimeOptions): Promise<Basis> {
  const config = options.ignoreFile
    ? Config.parse(options.overrides ?? {})
    : loadConfig({ path: options.configPath, overrides: options.overrides }).config;
  const logger = createLogger({ service: options.service, level: options.logLevel ?? 'info' });
  const policy = config.policy === undefined ? defaultPolicy() : loadPolicy(config.policy);
  const keys = loadOrCreateKeys(config.dataDir, config.tenant);
  const credentials = await loadOrCreateCredentials(config);
  const log = await openLog(config);
  try {
    // Whoever starts first makes them; services may start in any order.
    await log.ensureTopics(topicSpecs(config));
  } catch (error) {
    await log.close();
    throw error;
  }
  return { config, log, policy, keys, credentials, logger, close: () => log.close() };
}

/** The basis and the store; throws what the store says when it cannot be opened. */
export async function openRuntime(options: RuntimeOptions): Promise<Runtime> {
  const basis = await openBasis(options);
  try {
    const store = await openStore(basis.config, { logger: basis.logger });
    const close = async () => {
      await store.close();
      await basis.close();
    };
    return { ...basis, store, close };
  } catch (error) {
    await basis.close();
    throw error;
  }
}
