/** Redis in the layouts beyond one server: a Cluster of three primaries, and a primary with a replica under a Sentinel. */
import { Redis } from 'ioredis';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { redisBinary } from '../../scripts/infra/redis.mjs';
import { answers, freePort, startServer, stopServer, waitFor } from '../../scripts/infra/tools.mjs';
import { startRedis, type RedisServer } from './redis.js';

const START_TIMEOUT_MS = 15_000;
const SLOTS = 16_384;
const PRIMARIES = 3;
export const SENTINEL_NAME = 'driftline';

export interface RedisCluster {
  nodes: RedisServer[];
  stop(): Promise<void>;
}

/** Three primaries with a third of the slots each, no replicas. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const nodes = await Promise.all(Array.from({ length: PRIMARIES }, startClusterNode));
  const clients = nodes.map(({ port }) => new Redis(port, '127.0.0.1'));
  try {
    for (const [i, client] of clients.entries()) {
      const from = Math.floor((i * SLOTS) / PRIMARIES);
      const to = Math.floor(((i + 1) * SLOTS) / PRIMARIES) - 1;
      await client.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
    }
    for (const { port, busPort } of nodes.slice(1)) {
      await clients[0]!.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort);
    }
    const agreed = async () => {
      const infos = await Promise.all(
        clients.map((client) => client.call('CLUSTER', 'INFO') as Promise<string>),
      );
      return infos.every(
        (info) => info.includes('cluster_state:ok') && info.includes(`cluster_size:${PRIMARIES}`),
      );
    };
    await waitFor('Redis Cluster', agreed, START_TIMEOUT_MS);
  } finally {
    for (const client of clients) client.disconnect();
  }
  return { nodes, stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))) };
}

async function startClusterNode(): Promise<RedisServer & { busPort: number }> {
  const busPort = await freePort();
  const node = await startRedis({
    args: ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', '--cluster-port', String(busPort)],
  });
  return Object.assign(node, { busPort });
}

export interface RedisSentinel {
  sentinelPort: number;
  primary: RedisServer;
  replica: RedisServer;
  stop(): Promise<void>;
}

/** A primary, its replica, and one Sentinel that fails over half a second after the primary is gone. */
export async function startRedisSentinel(): Promise<RedisSentinel> {
  const primary = await startRedis();
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(primary.port)] });
  const dir = mkdtempSync(join(tmpdir(), 'driftline-sentinel-'));
  const sentinelPort = await freePort();
  const file = join(dir, 'sentinel.conf');
  writeFileSync(
    file,
    [
      `port ${sentinelPort}`,
      'bind 127.0.0.1',
      `sentinel monitor ${SENTINEL_NAME} 127.0.0.1 ${primary.port} 1`,
      `sentinel down-after-milliseconds ${SENTINEL_NAME} 500`,
      `sentinel failover-timeout ${SENTINEL_NAME} 3000`,
      '',
    ].join('\n'),
  );
  const logFile = join(dir, 'sentinel.log');
  const sentinel = startServer(redisBinary(), [file, '--sentinel'], { cwd: dir, logFile, keep: false });
  await waitFor('Sentinel', () => answers('127.0.0.1', sentinelPort), START_TIMEOUT_MS);
  await waitFor('the replica', () => knowsReplica(sentinelPort), START_TIMEOUT_MS);
  return {
    sentinelPort,
    primary,
    replica,
    async stop() {
      await stopServer(sentinel, { signal: 'SIGKILL' });
      await Promise.all([primary.stop(), replica.stop()]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Whether Sentinel has found a replica that is in step, so that it can fail over. */
async function knowsReplica(sentinelPort: number): Promise<boolean> {
  const client = new Redis(sentinelPort, '127.0.0.1');
  try {
    const replicas = (await client.call('SENTINEL', 'REPLICAS', SENTINEL_NAME)) as string[][];
    return replicas.some((fields) => fields.join(' ').includes('master-link-status ok'));
  } finally {
    client.disconnect();
  }
}
