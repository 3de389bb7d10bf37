/** Kafka and Redis by Docker compose, where an engine answers. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { run, which } from './tools.mjs';

const COMPOSE_FILE = fileURLToPath(new URL('../../deploy/compose.yaml', import.meta.url));
/** What deploy/compose.yaml publishes. */
export const COMPOSE_BROKERS = '127.0.0.1:9092';
export const COMPOSE_REDIS = '127.0.0.1:6379';

/** True when there is a Docker engine that answers and knows compose. */
export function dockerAnswers() {
  const ok = (args) => spawnSync('docker', args, { stdio: 'ignore', timeout: 10_000 }).status === 0;
  return which('docker') !== '' && ok(['info']) && ok(['compose', 'version']);
}

/** Starts the services and waits until they are healthy. */
export const composeUp = (services) =>
  run('docker', ['compose', '-f', COMPOSE_FILE, 'up', '-d', '--wait', ...services]);

/** Stops the services and removes their containers; the volumes stay. */
export const composeDown = () => run('docker', ['compose', '-f', COMPOSE_FILE, 'down']);

/** True when its containers run already: then somebody else started them and ends them. */
export const composeRuns = () => run('docker', ['compose', '-f', COMPOSE_FILE, 'ps', '-q']).trim() !== '';
