import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startProxy, type Proxy } from '../servers/proxy.js';
import { startRedis, type RedisServer } from '../servers/redis.js';
import { check, folded } from './checker.js';
import { canRun, connectRedis, openGround, PARTITIONS, until, type Ground } from './ground.js';
import { Load } from './load.js';
import { markers } from './reading.js';

const SEED = 20_260_404;
/** Longer than the second of writes that is to be lost. */
const LAG_MS = 1_500;

describe.skipIf(!canRun(inject('redisServer')))('a Redis that fails', () => {
  let ground: Ground;
  let load: Load;
  /** What the processes connect to, and where it leads. */
  let front: Proxy;
  const target = { host: '127.0.0.1', port: 0 };

  beforeAll(async () => {
    ground = await openGround({
      redisArgs: ['--appendonly', 'yes'],
      redisAt: async ({ port }) => {
        target.port = port;
        front = await startProxy({ target });
        return `127.0.0.1:${front.port}`;
      },
    });
    load = new Load(ground, SEED, 150);
    await startEngines();
  });
  afterAll(async () => {
    await ground?.stop();
    await front?.stop();
  });

  async function startEngines(): Promise<void> {
    await ground.cluster.start('engine', 'engine-0');
    await ground.cluster.start('engine', 'engine-1');
  }
  const sum = async (redis: Redis): Promise<number> =>
    (await markers(redis, PARTITIONS)).reduce((all, offset) => all + offset, 0);

  /** Load runs while `fault` happens and until what came afterwards is folded; then the checker decides. */
  async function under(fault: () => Promise<void>) {
    let done = false;
    const running = load.run(() => done);
    await until('the load is being folded', async () => (await sum(ground.redis)) > 100);
    await fault();
    const backMs = Date.now();
    const before = await sum(ground.redis);
    await until('folding goes on', async () => (await sum(ground.redis)) > before + 50);
    const tookMs = Date.now() - backMs;
    done = true;
    await running;
    await folded(ground);
    await ground.cluster.stopAll('engine');
    return { ...(await check(ground, load.sent)), tookMs };
  }

  it('and is restarted on its append-only file', { timeout: 90_000 }, async () => {
    const { problems, commands, tookMs } = await under(async () => {
      await ground.redisServer.kill();
      await sleep(1_000);
      await ground.redisServer.restart();
    });
    process.stdout.write(`redis restart: folding went on after ${tookMs} ms\n`);
    expect(problems).toEqual([]);
    expect(commands).toBeGreaterThan(5);
  });

  it(
    'and is replaced by a replica that lagged: what it forgot is folded again',
    { timeout: 90_000 },
    async () => {
      await startEngines();
      let replica: RedisServer | undefined;
      // Replication goes through a proxy of its own, so that it can fall behind.
      const link = await startProxy({ target: { host: '127.0.0.1', port: ground.redisServer.port } });
      const primary = ground.redis;
      try {
        const { problems, commands, tookMs } = await under(async () => {
          replica = await startRedis({ args: ['--replicaof', `127.0.0.1 ${link.port}`] });
          const copy = connectRedis(replica.port);
          await until('the replica follows', async () =>
            /master_link_status:up/.test(await copy.info('replication')),
          );
          const [synced] = [await sum(primary)];
          await until('it has what the primary had', async () => (await sum(copy)) >= synced);
          link.mode('blackhole');
          const atLag = await sum(primary);
          await sleep(LAG_MS);
          await until('the primary folded on', async () => (await sum(primary)) > atLag + 50);
          const [had, has] = [await sum(primary), await sum(copy)];
          await ground.redisServer.kill();
          await copy.replicaof('NO', 'ONE');
          target.port = replica.port;
          front.mode('cut');
          ground.redis = copy;
          process.stdout.write(`redis failover: ${had - has} folded activities forgotten\n`);
          expect(has).toBeLessThan(had);
        });
        process.stdout.write(`redis failover: folding went on after ${tookMs} ms\n`);
        expect(problems).toEqual([]);
        expect(commands).toBeGreaterThan(5);
      } finally {
        primary.disconnect();
        await ground.cluster.stopAll('engine');
        await link.stop();
        await replica?.stop();
      }
    },
  );
});
