import { inject } from 'vitest';
import { RedisConfig } from '#config';
import { openRedisStore } from '#store';
import { SENTINEL_NAME, startRedisCluster, startRedisSentinel } from '../servers/redis-layouts.js';
import { startRedis } from '../servers/redis.js';
import { storeConformance } from './store.js';

const available = inject('redisServer') !== '';

async function standalone() {
  const redis = await startRedis();
  const config = RedisConfig.parse({ nodes: [`127.0.0.1:${redis.port}`] });
  return { open: () => openRedisStore(config), stop: () => redis.stop() };
}

async function cluster() {
  const servers = await startRedisCluster();
  const seeds = servers.nodes.map(({ port }) => `127.0.0.1:${port}`);
  const config = RedisConfig.parse({ nodes: seeds, layout: 'cluster' });
  return { open: () => openRedisStore(config), stop: () => servers.stop() };
}

async function sentinel() {
  const servers = await startRedisSentinel();
  const nodes = [`127.0.0.1:${servers.sentinelPort}`];
  const config = RedisConfig.parse({ nodes, layout: 'sentinel', sentinelName: SENTINEL_NAME });
  return { open: () => openRedisStore(config), stop: () => servers.stop() };
}

storeConformance('redis, standalone', standalone, available);
storeConformance('redis, cluster of three primaries', cluster, available);
storeConformance('redis, behind sentinel', sentinel, available);
