import { loadConfig } from '#config';
import { defaultPolicy, loadPolicy } from '#policy';
import { openStore } from '#store';
import { openLog } from '#stream';
import { createLogger } from '#telemetry';
import { startEngine } from './start.js';

/** Longer than an orderly stop may take, shorter than the patience of process managers. */
const HARD_EXIT_MS = 9_500;

const logger = createLogger({ service: 'engine' });
const { config } = loadConfig({ env: process.env });
const policy = config.policy === undefined ? defaultPolicy() : loadPolicy(config.policy);
const log = await openLog(config);
const store = await openStore(config);

const engine = await startEngine({ config, log, store, policy, logger, onFatal: () => void end(1) });
process.once('SIGTERM', () => void end(0));
process.once('SIGINT', () => void end(0));

async function end(code: number): Promise<void> {
  setTimeout(() => process.exit(code === 0 ? 1 : code), HARD_EXIT_MS).unref();
  await engine.stop();
  await store.close();
  await log.close();
  process.exit(code);
}
