/** What happens to a Redis, and what the store makes of it. Faults on the wire come from a proxy in between. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { RedisConfig } from '#config';
import { openRedisStore, type PartitionId, type StateStore, type StoreError } from '#store';
import { freePort } from '../../scripts/infra/tools.mjs';
import { startProxy, type Proxy } from '../servers/proxy.js';
import { SENTINEL_NAME, startRedisSentinel } from '../servers/redis-layouts.js';
import { startRedis, type RedisServer } from '../servers/redis.js';
import { append, commitOf, entryOf, freshPartition, markerAt } from './store.js';

const available = inject('redisServer') !== '';
/** An outage is told within this, not after a chain of retries. */
const FAST_MS = 100;

/** What the test started; ended in reverse order whatever happens. */
let ends: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  ends = [];
});
afterEach(async () => {
  for (const end of ends.reverse()) await end();
});

async function redisServer(args: string[] = []): Promise<RedisServer> {
  const redis = await startRedis({ args });
  ends.push(() => redis.stop());
  return redis;
}

async function open(port: number, more: object = {}): Promise<StateStore> {
  const store = await openRedisStore(RedisConfig.parse({ nodes: [`127.0.0.1:${port}`], ...more }));
  ends.push(() => store.close());
  return store;
}

function admin(port: number): Redis {
  const client = new Redis(port, '127.0.0.1');
  ends.push(async () => client.disconnect());
  return client;
}

async function behindProxy(): Promise<{
  redis: RedisServer;
  proxy: Proxy;
  store: StateStore;
  partition: PartitionId;
}> {
  const redis = await redisServer();
  const proxy = await startProxy({ target: redis });
  ends.push(() => proxy.stop());
  return { redis, proxy, store: await open(proxy.port), partition: freshPartition() };
}

/** Tries until it works; the attempts before fail with a `StoreError` that says to try again. */
async function eventually<T>(limitMs: number, attempt: () => Promise<T>): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if ((error as StoreError).retryable !== true || Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Ends with its error, and how long that took. */
async function failure(call: Promise<unknown>): Promise<{ code: string; tookMs: number }> {
  const start = performance.now();
  const error = await call.then(
    () => expect.unreachable('expected an error'),
    (reason: unknown) => reason,
  );
  return { code: (error as { code: string }).code, tookMs: performance.now() - start };
}

describe.skipIf(!available)('redis store: faults on the wire', () => {
  it('never executes a commit twice whose answer was lost, and the marker tells that it was executed', async () => {
    const { proxy, redis, store, partition } = await behindProxy();
    await store.commit(commitOf(partition, null, 1, { a: '1' }));
    proxy.mode('dropReplies');
    const lost = failure(store.commit(commitOf(partition, 1, 2, { a: '2' })));
    const appended = failure(store.appendPending(partition, 'b', '.', entryOf('1')));
    await eventually(2_000, async () => expectCalls(redis, 'eval', 3));
    proxy.mode('cut');
    for (const { code, tookMs } of await Promise.all([lost, appended])) {
      expect(code).toBe('DL_STORE_TIMEOUT');
      expect(tookMs).toBeLessThan(2_000);
    }
    expect(await eventually(2_000, () => store.marker(partition))).toEqual(markerAt(2));
    expect(await store.commit(commitOf(partition, 1, 2, { a: 'again' }))).toEqual({
      ok: false,
      marker: markerAt(2),
    });
    expect(Buffer.from((await store.load(partition, ['a']))[0]!).toString()).toBe('2');
    expect((await store.view(partition, 'b')).pending.map(({ id }) => id)).toEqual(['1']);
    expect(await store.appendPending(partition, 'b', '.', entryOf('1'))).toBe('conflict');
  });

  it('fails within milliseconds while Redis is down, and works again soon after it is back', async () => {
    const { redis, store, partition } = await behindProxy();
    await store.commit(commitOf(partition, null, 1, { a: '1' }));
    await redis.kill();
    await failure(store.marker(partition));
    for (const call of [() => store.view(partition, 'a'), () => store.commit(commitOf(partition, 1, 2))]) {
      const { code, tookMs } = await failure(call());
      expect(['DL_STORE_UNAVAILABLE', 'DL_STORE_TIMEOUT']).toContain(code);
      expect(tookMs).toBeLessThan(FAST_MS);
    }
    await redis.restart();
    // It kept nothing: an empty Redis is seen as such, not taken for the old one.
    expect(await eventually(3_000, () => store.marker(partition))).toBeNull();
    expect(await store.commit(commitOf(partition, 1, 2))).toEqual({ ok: false, marker: null });
    expect(await store.commit(commitOf(partition, null, 2))).toEqual({ ok: true });
  });

  it('ends every call in flight at once when the connection breaks', async () => {
    const { proxy, store, partition } = await behindProxy();
    proxy.mode('blackhole');
    const calls = [
      store.marker(partition),
      store.view(partition, 'a'),
      store.commit(commitOf(partition, null, 1)),
    ];
    const failures = Promise.all(calls.map(failure));
    await new Promise((resolve) => setTimeout(resolve, 50));
    proxy.mode('cut');
    for (const { code, tookMs } of await failures) {
      expect(code).toBe('DL_STORE_TIMEOUT');
      expect(tookMs).toBeLessThan(50 + FAST_MS);
    }
    expect(await eventually(3_000, () => store.marker(partition))).toBeNull();
  });

  it('gives up on a Redis that does not answer, and leaves the dead connection', async () => {
    const { proxy, store, partition } = await behindProxy();
    proxy.mode('blackhole');
    const { code, tookMs } = await failure(store.view(partition, 'a'));
    expect(code).toBe('DL_STORE_TIMEOUT');
    expect(tookMs).toBeLessThan(1_000);
    // The connection that swallowed a command is given up by itself; the next one works.
    await new Promise((resolve) => setTimeout(resolve, 3_600));
    proxy.mode('pass');
    expect((await eventually(5_000, () => store.view(partition, 'a'))).pending).toEqual([]);
  });
});

async function expectCalls(redis: RedisServer, command: string, calls: number): Promise<void> {
  const client = new Redis(redis.port, '127.0.0.1');
  try {
    const stats = await client.info('commandstats');
    const sum = [...stats.matchAll(new RegExp(`cmdstat_${command}(?:sha)?:calls=(\\d+)`, 'g'))];
    const counted = sum.reduce((total, match) => total + Number(match[1]), 0);
    if (counted < calls) throw Object.assign(new Error(`${counted} calls so far`), { retryable: true });
  } finally {
    client.disconnect();
  }
}

describe.skipIf(!available)('redis store: faults of the server', () => {
  it('heals by itself when the server forgot its scripts', async () => {
    const redis = await redisServer();
    const store = await open(redis.port);
    const partition = freshPartition();
    await store.commit(commitOf(partition, null, 1, { a: '1' }));
    await store.view(partition, 'a');
    await admin(redis.port).script('FLUSH');
    expect(await store.commit(commitOf(partition, 1, 2, { a: '2' }))).toEqual({ ok: true });
    await append(store, partition, 'a', entryOf('1'));
  });

  it('sees a failover that took writes back as a marker that went back', async () => {
    const primary = await redisServer();
    const link = await startProxy({ target: primary });
    ends.push(() => link.stop());
    const replica = await redisServer(['--replicaof', '127.0.0.1', String(link.port)]);
    const address = { host: '127.0.0.1', port: primary.port };
    const front = await startProxy({ target: address });
    ends.push(() => front.stop());
    const store = await open(front.port);
    const partition = freshPartition();
    const behind = admin(replica.port);
    await store.commit(commitOf(partition, null, 1, { a: '1' }));
    await eventually(10_000, async () => {
      if (Number(await behind.dbsize()) === 0) throw Object.assign(new Error('not yet'), { retryable: true });
    });
    link.mode('refuse');
    for (let offset = 2; offset <= 5; offset += 1) {
      expect(await store.commit(commitOf(partition, offset - 1, offset, { a: `${offset}` }))).toEqual({
        ok: true,
      });
    }
    await primary.kill();
    await behind.call('REPLICAOF', 'NO', 'ONE');
    address.port = replica.port;
    const late = commitOf(partition, 5, 6, { a: '6' });
    expect(await eventually(3_000, () => store.commit(late))).toEqual({ ok: false, marker: markerAt(1) });
    expect(Buffer.from((await store.load(partition, ['a']))[0]!).toString()).toBe('1');
  });

  it('is all or nothing on a server that is full', async () => {
    const redis = await redisServer();
    const store = await open(redis.port);
    const partition = freshPartition();
    await store.commit(commitOf(partition, null, 1, { a: '1' }));
    await append(store, partition, 'a', entryOf('1'));
    const client = admin(redis.port);
    await client.config('SET', 'maxmemory', '1mb');
    const request = commitOf(partition, 1, 2, { a: '2', b: null }, { folded: [{ key: 'a', ids: ['1'] }] });
    expect((await failure(store.commit(request))).code).toBe('DL_STORE_UNAVAILABLE');
    const onlyFolded = commitOf(partition, 1, 2, {}, { folded: [{ key: 'a', ids: ['1'] }] });
    expect((await failure(store.commit(onlyFolded))).code).toBe('DL_STORE_UNAVAILABLE');
    await client.config('SET', 'maxmemory', '0');
    expect(await store.marker(partition)).toEqual(markerAt(1));
    expect(await store.view(partition, 'a')).toMatchObject({ pending: [{ id: '1' }] });
    expect(Buffer.from((await store.load(partition, ['a']))[0]!).toString()).toBe('1');
    expect(await store.commit(request)).toEqual({ ok: true });
  });

  it('is all or nothing where something else wrote under its keys', async () => {
    const redis = await redisServer();
    const store = await open(redis.port);
    const partition = freshPartition();
    await admin(redis.port).set(`dl:{${partition}}:p:b`, 'foreign');
    const folded = [{ key: 'b', ids: ['1'] }];
    expect((await failure(store.commit(commitOf(partition, null, 1, { a: '1' }, { folded })))).code).toBe(
      'DL_STORE_CORRUPT',
    );
    expect(await store.marker(partition)).toBeNull();
    expect(await store.load(partition, ['a'])).toEqual([null]);
  });

  it('refuses a server that evicts, also where CONFIG is forbidden', async () => {
    const redis = await redisServer(['--maxmemory-policy', 'allkeys-lru']);
    const client = admin(redis.port);
    await client.call('ACL', 'SETUSER', 'limited', 'on', '>pass', '~*', '+@all', '-config');
    const limited = { username: 'limited', password: passwordFile('pass') };
    for (const store of [await open(redis.port), await open(redis.port, limited)]) {
      await expect(store.check()).rejects.toMatchObject({
        code: 'DL_STORE_EVICTING',
        message: expect.stringContaining('"allkeys-lru", expected "noeviction"') as string,
      });
    }
    await client.config('SET', 'maxmemory-policy', 'noeviction');
    const store = await open(redis.port, limited);
    await expect(store.check()).resolves.toBeUndefined();
  });
});

/** A secret as configuration names one. */
function passwordFile(password: string): { file: string } {
  const dir = mkdtempSync(join(tmpdir(), 'driftline-secret-'));
  ends.push(async () => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'password'), password);
  return { file: join(dir, 'password') };
}

describe.skipIf(!available)('redis store: access', () => {
  /** What an operator has to allow, and no more. */
  const RIGHTS =
    'resetkeys ~dl:* resetchannels -@all +@connection +@scripting +get +set +mget +getrange +del +hget +hset +hsetnx ' +
    '+hdel +hlen +hgetall +hincrby +pexpire +scan +info';

  it('works as a user with only the rights it needs, and tells wrong credentials', async () => {
    const redis = await redisServer();
    await admin(redis.port).call('ACL', 'SETUSER', 'driftline', 'on', '>pass', ...RIGHTS.split(' '));
    const store = await open(redis.port, { username: 'driftline', password: passwordFile('pass') });
    const partition = freshPartition();
    await store.check();
    await store.pin('log', 'x');
    await append(store, partition, 'a', entryOf('1'));
    const request = commitOf(partition, null, 1, { a: '1', b: null }, { folded: [{ key: 'a', ids: ['1'] }] });
    expect(await store.commit(request)).toEqual({ ok: true });
    for await (const key of store.keys(partition)) expect(key).toBe('a');
    const wrong = await open(redis.port, { username: 'driftline', password: passwordFile('wrong') });
    await expect(wrong.check()).rejects.toMatchObject({ code: 'DL_STORE_DENIED' });
  });

  it('speaks TLS, and only to a server it trusts', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'driftline-tls-'));
    ends.push(async () => rmSync(dir, { recursive: true }));
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    const subject = ['-subj', '/CN=redis.test', '-addext', 'subjectAltName=DNS:redis.test'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    const files = ['-nodes', '-days', '1', '-keyout', key, '-out', cert];
    execFileSync('openssl', ['req', '-x509', ...curve, ...files, ...subject], { stdio: 'ignore' });
    const tlsArgs = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert];
    const plain = await redisServer([...tlsArgs, '--tls-auth-clients', 'no']);
    const client = admin(plain.port);
    const port = await freePort();
    await client.config('SET', 'tls-port', String(port));
    const trusted = await open(port, { tls: { ca: cert, serverName: 'redis.test' } });
    await expect(trusted.check()).resolves.toBeUndefined();
    const untrusted = await open(port, { tls: { serverName: 'redis.test' } });
    const error = await untrusted.check().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'DL_STORE_UNAVAILABLE' });
    expect((error as Error).message).toMatch(/self.signed/);
  });
});

describe.skipIf(!available)('redis store: sentinel', () => {
  it('goes on with the new primary after a failover', async () => {
    const servers = await startRedisSentinel();
    ends.push(() => servers.stop());
    const config = {
      nodes: [`127.0.0.1:${servers.sentinelPort}`],
      layout: 'sentinel',
      sentinelName: SENTINEL_NAME,
    };
    const store = await openRedisStore(RedisConfig.parse(config));
    ends.push(() => store.close());
    const partition = freshPartition();
    await store.commit(commitOf(partition, null, 1, { a: '1' }));
    await servers.primary.kill();
    const result = await eventually(30_000, () => store.commit(commitOf(partition, 1, 2, { a: '2' })));
    expect(result).toEqual({ ok: true });
  });
});
