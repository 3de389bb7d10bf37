/** Where Kafka and Redis are: one order of preference for `npm run infra:*` and for the tests. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  COMPOSE_BROKERS,
  COMPOSE_REDIS,
  composeDown,
  composeRuns,
  composeUp,
  dockerAnswers,
} from './docker.mjs';
import { startKafkaNode } from './kafka.mjs';
import { redisBinary, startRedisNode } from './redis.mjs';
import { CACHE_DIR, answers, freePort, isAlive, say, stopServer } from './tools.mjs';

const STATE_FILE = join(CACHE_DIR, 'infra', 'state.json');
const KAFKA_PORT = 9092;
const REDIS_PORT = 6379;

/** What `infra:up` started and what is still there of it. */
export function readState() {
  const state = existsSync(STATE_FILE) ? JSON.parse(readFileSync(STATE_FILE, 'utf8')) : {};
  const there = (entry) => entry !== undefined && (entry.server === undefined || isAlive(entry.server));
  return {
    kafka: there(state.kafka) ? state.kafka : undefined,
    redis: there(state.redis) ? state.redis : undefined,
  };
}

function writeState(state) {
  mkdirSync(join(CACHE_DIR, 'infra'), { recursive: true });
  writeFileSync(STATE_FILE, JSON.stringify(state, null, 2));
}

/** Endpoints given by the environment. */
export const fromEnvironment = () => ({
  kafka: process.env.DRIFTLINE_KAFKA_BROKERS ?? '',
  redis: process.env.DRIFTLINE_REDIS ?? '',
});

/** Starts what the environment does not give, on the usual ports when they are free. */
export async function up() {
  const given = fromEnvironment();
  const state = readState();
  const docker = (given.kafka && given.redis) || (state.kafka && state.redis) ? false : dockerAnswers();
  if (docker) say('infra: a Docker engine answers, using deploy/compose.yaml');
  const kafka = given.kafka
    ? { how: 'environment', endpoint: given.kafka }
    : (state.kafka ?? (docker ? composeKafka() : await localKafka()));
  if (!given.kafka) writeState({ ...state, kafka });
  const redis = given.redis
    ? { how: 'environment', endpoint: given.redis }
    : (state.redis ?? (docker ? composeRedis() : await localRedis()));
  writeState({ kafka: given.kafka ? undefined : kafka, redis: given.redis ? undefined : redis });
  return { kafka, redis };
}

function composeKafka() {
  composeUp(['kafka']);
  return { how: 'compose', endpoint: COMPOSE_BROKERS };
}

function composeRedis() {
  composeUp(['redis']);
  return { how: 'compose', endpoint: COMPOSE_REDIS };
}

async function localKafka() {
  const port = (await answers('127.0.0.1', KAFKA_PORT)) ? await freePort() : KAFKA_PORT;
  const dir = join(CACHE_DIR, 'infra', 'kafka');
  // Its address is part of its metadata: data of another port is not used again.
  if (existsSync(dir) && !dirHasPort(dir, port)) rmSync(dir, { recursive: true, force: true });
  const node = await startKafkaNode({ dir, port, fast: false, keep: true });
  return { how: 'java', endpoint: `127.0.0.1:${node.port}`, server: node.server, dir };
}

const dirHasPort = (dir, port) =>
  existsSync(join(dir, 'server.properties')) &&
  readFileSync(join(dir, 'server.properties'), 'utf8').includes(
    `advertised.listeners=PLAINTEXT://127.0.0.1:${port}\n`,
  );

async function localRedis() {
  const port = (await answers('127.0.0.1', REDIS_PORT)) ? await freePort() : REDIS_PORT;
  const dir = join(CACHE_DIR, 'infra', 'redis');
  const node = await startRedisNode({ dir, port, args: ['--appendonly', 'yes'], keep: true });
  return { how: 'redis-server', endpoint: `127.0.0.1:${node.port}`, server: node.server, dir };
}

/** Stops what `up` started; data stays. */
export async function down() {
  const state = readState();
  const stopped = [];
  for (const [name, entry] of Object.entries(state)) {
    if (entry?.server === undefined) continue;
    await stopServer(entry.server, { graceMs: 20_000 });
    stopped.push(`${name} (process ${entry.server.pid})`);
  }
  if (Object.values(state).some((entry) => entry?.how === 'compose')) {
    composeDown();
    stopped.push('the containers of deploy/compose.yaml');
  }
  rmSync(STATE_FILE, { force: true });
  return stopped;
}

/**
 * Servers for a test run: the environment's, those of `infra:up`, compose, or a Kafka of this run's own.
 * `why` says what is missing where there is none; `stop` ends only what this call started.
 */
export async function forTests() {
  const given = fromEnvironment();
  const stops = [];
  const kafka = await attempt(async () => {
    const known = given.kafka || readState().kafka?.endpoint;
    if (known) return known;
    if (dockerAnswers()) {
      if (!composeRuns()) stops.push(async () => composeDown());
      composeUp(['kafka']);
      return COMPOSE_BROKERS;
    }
    const dir = mkdtempSync(join(tmpdir(), 'driftline-kafka-'));
    const node = await startKafkaNode({ dir });
    stops.push(async () => {
      await stopServer(node.server, { signal: 'SIGKILL' });
      rmSync(dir, { recursive: true, force: true });
    });
    return `127.0.0.1:${node.port}`;
  });
  const redis = await attempt(async () => redisBinary());
  return {
    kafka,
    redis,
    stop: async () => {
      for (const stop of stops) await stop();
    },
  };
}

async function attempt(find) {
  try {
    return { value: await find(), why: '' };
  } catch (error) {
    return { value: '', why: error.message };
  }
}
