import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { openKafkaLog, type AppendFailed, type Log, type LogRecord } from '#stream';
import { freePort, which } from '../../scripts/infra/tools.mjs';
import { canStartKafka, startKafka, type KafkaServer } from '../servers/kafka.js';
import { startProxy, type Proxy } from '../servers/proxy.js';
import { Recorder } from './recorder.js';

/** kafkajs's own class, to make it fail as a bug of its would. */
const ConsumerGroup = createRequire(import.meta.url)('kafkajs/src/consumer/consumerGroup') as {
  prototype: { fetch(nodeId: string): Promise<unknown[]> };
};
const possible = inject('kafkaBrokers') !== '' && canStartKafka();
const until = (check: () => void | Promise<void>, timeout = 60_000) =>
  vi.waitFor(check, { timeout, interval: 5 });
const text = (value: string): Buffer => Buffer.from(value);
/** Working again after a broker's return: what the product promises. */
const RECOVERY_MS = 5_000;

describe.skipIf(!possible)('log: kafka, faults', () => {
  let broker: KafkaServer;
  let proxy: Proxy;
  const open: { stop(): Promise<void> }[] = [];
  const logs: Log[] = [];
  const fatal: Error[] = [];
  const crashed = vi.fn<(topic: string, error: Error, fatal: boolean) => void>();
  const onFatal = (error: Error) => void fatal.push(error);

  const openLog = async (options: { appendDeadlineMs?: number } = {}): Promise<Log> => {
    const log = await openKafkaLog({ brokers: [broker.brokers] }, { ...options, events: { crashed } });
    logs.push(log);
    return log;
  };
  const topicOn = async (log: Log, partitions = 1): Promise<string> => {
    const name = `faults-${randomUUID()}`;
    await log.ensureTopics([{ name, partitions, compacted: false, retentionMs: null }]);
    return name;
  };

  beforeAll(async () => {
    const [port, advertisedPort] = [await freePort(), await freePort()];
    proxy = await startProxy({ target: { host: '127.0.0.1', port }, port: advertisedPort });
    broker = await startKafka({ port, advertisedPort });
  });
  afterEach(async () => {
    proxy.mode('pass');
    await Promise.all(open.splice(0).map((one) => one.stop()));
    await Promise.all(logs.splice(0).map((log) => log.close()));
    crashed.mockClear();
    fatal.length = 0;
  });
  afterAll(async () => {
    await broker?.stop();
    await proxy?.stop();
  });

  /** Goes on where it was when its partition is assigned to it again, as an engine does from its store. */
  const resuming = (onBatch: () => void): Recorder => {
    let position = 0;
    return new Recorder({
      start: () => position,
      batch: (_, records) => {
        onBatch();
        position = records.at(-1)!.offset + 1;
      },
    });
  };

  /** Appends one numbered record after the other until told to stop; answers what was acknowledged. */
  const load = (log: Log, topic: string) => {
    const acknowledged: string[] = [];
    const uncertain: string[] = [];
    const acknowledgedAt: number[] = [];
    const stopping = new AbortController();
    const done = (async () => {
      for (let number = 0; !stopping.signal.aborted; number += 1) {
        try {
          await log.append(topic, [{ key: 'k', value: text(String(number)) }]);
          acknowledged.push(String(number));
          acknowledgedAt.push(performance.now());
        } catch (error) {
          if ((error as AppendFailed).outcome === 'unknown') uncertain.push(String(number));
        }
        await sleep(2);
      }
    })();
    const stop = async () => {
      stopping.abort();
      await done;
    };
    return { acknowledged, uncertain, acknowledgedAt, stop };
  };

  for (const awayMs of [500, 15_000]) {
    it(`a broker killed and started again ${awayMs} ms later: working again within 5 s of its return, nothing lost or doubled`, async () => {
      const log = await openLog({ appendDeadlineMs: 60_000 });
      const topic = await topicOn(log);
      const seenAt: number[] = [];
      const recorder = resuming(() => seenAt.push(performance.now()));
      const followed: LogRecord[] = [];
      const followedAt: number[] = [];
      const onRecords = (records: LogRecord[]) => {
        followed.push(...records);
        followedAt.push(performance.now());
      };
      open.push(await log.consume({ topic, group: `g-${randomUUID()}`, handler: recorder, onFatal }));
      open.push(await log.follow({ topic, from: 'start', onRecords, onFatal }));
      const writer = load(log, topic);
      await until(() => expect(recorder.records.length).toBeGreaterThan(50));
      await broker.kill();
      await sleep(awayMs);
      await broker.restart();
      const back = performance.now();
      const first = (times: number[]) => times.find((time) => time > back) ?? Infinity;
      await until(() => {
        for (const times of [writer.acknowledgedAt, seenAt, followedAt])
          expect(first(times)).toBeLessThan(Infinity);
      });
      await writer.stop();
      await until(() => expect(recorder.records).toHaveLength(writer.acknowledged.length));
      await until(() => expect(followed).toHaveLength(writer.acknowledged.length));
      const took = [writer.acknowledgedAt, seenAt, followedAt].map((times) =>
        Math.round(first(times) - back),
      );
      process.stdout.write(
        `after the broker's return: append ${took[0]} ms, consume ${took[1]} ms, follow ${took[2]} ms\n`,
      );
      expect(Math.max(...took)).toBeLessThan(RECOVERY_MS);
      expect(recorder.values()).toEqual(writer.acknowledged);
      expect(followed.map((record) => String(record.value))).toEqual(writer.acknowledged);
      expect(recorder.violations).toEqual([]);
      expect(crashed).not.toHaveBeenCalled();
      expect(fatal).toEqual([]);
    });
  }

  it('appends during an outage say after their deadline whether they may be there; what was acknowledged is', async () => {
    const log = await openLog({ appendDeadlineMs: 1_000 });
    const topic = await topicOn(log);
    const writer = load(log, topic);
    await until(() => expect(writer.acknowledged.length).toBeGreaterThan(20));
    await broker.kill();
    const started = performance.now();
    const waiting = await Promise.allSettled(
      ['a', 'b'].map((value) => log.append(topic, [{ key: 'k', value: text(value) }])),
    );
    expect(performance.now() - started).toBeLessThan(2_000);
    for (const one of waiting)
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'append-timeout' } });
    await broker.restart();
    const before = writer.acknowledged.length;
    await until(() => expect(writer.acknowledged.length).toBeGreaterThan(before + 20));
    await writer.stop();
    const seen: string[] = [];
    const onRecords = (records: LogRecord[]) =>
      void seen.push(...records.map((record) => String(record.value)));
    const follower = await log.follow({ topic, from: 'start', onRecords, onFatal });
    open.push(follower);
    await follower.caughtUp;
    expect(new Set(seen).size).toBe(seen.length);
    const uncertain = new Set([...writer.uncertain, 'a', 'b']);
    expect(seen.filter((value) => !uncertain.has(value))).toEqual(writer.acknowledged);
  });

  it('a reply that is lost: the append is repeated, and the record is there once', async () => {
    const log = await openLog({ appendDeadlineMs: 60_000 });
    const topic = await topicOn(log);
    await log.append(topic, [{ key: 'k', value: text('before') }]);
    proxy.mode('dropReplies');
    const lost = log.append(topic, [{ key: 'k', value: text('lost reply') }]);
    const behind = log.append(topic, [{ key: 'k', value: text('behind it') }]);
    await sleep(500);
    proxy.mode('cut');
    expect([await lost, await behind]).toEqual([
      [{ partition: 0, offset: 1 }],
      [{ partition: 0, offset: 2 }],
    ]);
    expect(await log.bounds(topic, 0)).toEqual({ start: 0, end: 3 });
  });

  it('connections cut again and again under load: nothing lost, doubled or out of order', async () => {
    const log = await openLog({ appendDeadlineMs: 60_000 });
    const topic = await topicOn(log);
    const recorder = resuming(() => {});
    open.push(await log.consume({ topic, group: `g-${randomUUID()}`, handler: recorder, onFatal }));
    const writer = load(log, topic);
    for (let round = 0; round < 10; round += 1) {
      await sleep(300);
      proxy.mode('cut');
    }
    await sleep(300);
    await writer.stop();
    await until(() => expect(recorder.records).toHaveLength(writer.acknowledged.length));
    expect(recorder.values()).toEqual(writer.acknowledged);
    expect(fatal).toEqual([]);
  });

  it('a stop while the broker is away does not hang', async () => {
    const log = await openLog({ appendDeadlineMs: 500 });
    const topic = await topicOn(log);
    const recorder = new Recorder();
    const consumer = await log.consume({ topic, group: `g-${randomUUID()}`, handler: recorder, onFatal });
    const follower = await log.follow({ topic, from: 'start', onRecords: () => {}, onFatal });
    await log.append(topic, [{ key: 'k', value: text('1') }]);
    await until(() => expect(recorder.records).toHaveLength(1));
    await broker.kill();
    await sleep(300);
    const started = performance.now();
    await Promise.all([consumer.stop(), follower.stop()]);
    await log.close();
    const tookMs = performance.now() - started;
    await broker.restart();
    expect(tookMs).toBeLessThan(5_000);
    expect(recorder.calls).toEqual(['assigned 0', 'revoked 0']);
  });

  it('a topic deleted and made anew under a consumer halts it: the positions are of another log', async () => {
    const log = await openLog();
    const topic = await topicOn(log);
    await log.append(
      topic,
      Array.from({ length: 20 }, (_, index) => ({ key: 'k', value: text(String(index)) })),
    );
    const halted: unknown[] = [];
    let position = 0;
    const recorder = new Recorder({
      start: () => position,
      batch: (_, records) => {
        position = records.at(-1)!.offset + 1;
      },
    });
    const onHalted = (_: number, error: Error) => void halted.push(error);
    open.push(await log.consume({ topic, group: `g-${randomUUID()}`, handler: recorder, onFatal, onHalted }));
    await until(() => expect(recorder.records).toHaveLength(20));
    const admin = new kafkajs.Kafka({
      brokers: [broker.brokers],
      logLevel: kafkajs.logLevel.NOTHING,
    }).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [topic] });
    await admin.disconnect();
    await until(() =>
      log.ensureTopics([{ name: topic, partitions: 1, compacted: false, retentionMs: null }]),
    );
    await until(() => expect(halted).toHaveLength(1));
    expect(halted[0]).toMatchObject({ code: 'log-truncated', position: 20 });
    expect(recorder.records).toHaveLength(20);
  });

  it.skipIf(which('kcat') === '')(
    'a producer with a codec we cannot read does not stop a topic of ours',
    async () => {
      const log = await openLog();
      const topic = await topicOn(log);
      for (const codec of ['lz4', 'snappy', 'zstd']) {
        const kcat = spawn('kcat', ['-P', '-b', broker.brokers, '-t', topic, '-p', '0', '-z', codec]);
        kcat.stdin.end(`${codec}:${'x'.repeat(2_000)}\n`);
        expect(await new Promise((resolve) => kcat.once('exit', resolve))).toBe(0);
      }
      const recorder = new Recorder();
      open.push(await log.consume({ topic, group: `g-${randomUUID()}`, handler: recorder, onFatal }));
      await until(() =>
        expect(recorder.values().map((value) => value.split(':')[0])).toEqual(['lz4', 'snappy', 'zstd']),
      );
    },
  );

  it.skipIf(which('kcat') === '')(
    'on a topic that lets any codec through, what cannot be read is fatal, in words',
    async () => {
      const log = await openLog();
      const topic = `faults-${randomUUID()}`;
      const admin = new kafkajs.Kafka({
        brokers: [broker.brokers],
        logLevel: kafkajs.logLevel.NOTHING,
      }).admin();
      await admin.connect();
      await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
      await admin.disconnect();
      const kcat = spawn('kcat', ['-P', '-b', broker.brokers, '-t', topic, '-p', '0', '-z', 'lz4']);
      kcat.stdin.end(`${'x'.repeat(2_000)}\n`);
      await new Promise((resolve) => kcat.once('exit', resolve));
      await log.consume({ topic, group: `g-${randomUUID()}`, handler: new Recorder(), onFatal });
      await until(() => expect(fatal).toHaveLength(1));
      expect(fatal[0]).toMatchObject({
        code: 'consumer-failed',
        message: expect.stringMatching(/compression/) as string,
      });
      expect(crashed).toHaveBeenCalledTimes(1);
    },
  );

  it('a crash of the client is counted and survived, without waiting for its own former membership; again and again it is fatal', async () => {
    const log = await openLog();
    const topic = await topicOn(log);
    const recorder = resuming(() => {});
    open.push(await log.consume({ topic, group: `g-${randomUUID()}`, handler: recorder, onFatal }));
    await log.append(topic, [{ key: 'k', value: text('0') }]);
    await until(() => expect(recorder.records).toHaveLength(1));
    const fetch = vi.spyOn(ConsumerGroup.prototype, 'fetch');
    for (let round = 1; round <= 2; round += 1) {
      fetch.mockRejectedValueOnce(new TypeError('a bug in the client'));
      await until(() => expect(crashed).toHaveBeenCalledTimes(round));
      const started = performance.now();
      await log.append(topic, [{ key: 'k', value: text(String(round)) }]);
      await until(() => expect(recorder.records).toHaveLength(round + 1));
      expect(performance.now() - started).toBeLessThan(RECOVERY_MS);
    }
    expect(fatal).toEqual([]);
    fetch.mockRejectedValue(new TypeError('a bug in the client'));
    await until(() => expect(fatal).toHaveLength(1));
    fetch.mockRestore();
    expect(fatal[0]).toMatchObject({
      code: 'consumer-failed',
      message: expect.stringMatching(/a bug in the client/) as string,
    });
    expect(crashed).toHaveBeenCalledTimes(6);
    expect(crashed.mock.calls.at(-1)?.[2]).toBe(true);
  });

  it('a broker that is not there is told so, in words, within the deadline', async () => {
    const log = await openKafkaLog({ brokers: [`127.0.0.1:${await freePort()}`] }, { appendDeadlineMs: 500 });
    logs.push(log);
    await expect(log.bounds('t', 0)).rejects.toMatchObject({ code: 'log-unavailable' });
  });
});

describe.skipIf(!possible)('log: kafka, TLS and SASL', () => {
  let broker: KafkaServer;
  let dir: string;
  let secure: string;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'driftline-tls-'));
    const store = join(dir, 'broker.p12');
    const keystore = [
      '-keystore',
      store,
      '-storetype',
      'PKCS12',
      '-storepass',
      'changeit',
      '-alias',
      'broker',
    ];
    const key = ['-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', '-dname', 'CN=broker'];
    const keytool = (args: string[]) => execFileSync('keytool', [...args, ...keystore], { stdio: 'pipe' });
    keytool([...key, '-validity', '2', '-ext', 'SAN=DNS:localhost,IP:127.0.0.1']);
    writeFileSync(join(dir, 'ca.pem'), keytool(['-exportcert', '-rfc']));
    const port = await freePort();
    secure = `127.0.0.1:${port}`;
    const jaas = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_engine="s3cret";';
    broker = await startKafka({
      listener: { name: 'SASL_SSL', port },
      properties: {
        'ssl.keystore.location': store,
        'ssl.keystore.password': 'changeit',
        'sasl.enabled.mechanisms': 'PLAIN',
        'listener.name.sasl_ssl.plain.sasl.jaas.config': jaas,
      },
    });
  });
  afterAll(async () => {
    await broker?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const settings = (password: string) => {
    writeFileSync(join(dir, 'password'), password);
    return {
      brokers: [secure],
      tls: { ca: join(dir, 'ca.pem') },
      sasl: { mechanism: 'plain' as const, username: 'engine', password: { file: join(dir, 'password') } },
    };
  };

  it('works through TLS and SASL by configuration, producing, consuming and following', async () => {
    const log = await openKafkaLog(settings('s3cret'));
    const topic = `tls-${randomUUID()}`;
    await log.ensureTopics([{ name: topic, partitions: 1, compacted: false, retentionMs: null }]);
    const recorder = new Recorder();
    const seen: LogRecord[] = [];
    const onFatal = (error: Error) => expect.unreachable(error.message);
    await log.consume({ topic, group: `g-${randomUUID()}`, handler: recorder, onFatal });
    await log.follow({ topic, from: 'start', onRecords: (records) => void seen.push(...records), onFatal });
    await log.append(topic, [{ key: 'k', value: text('through TLS') }]);
    await until(() => expect([recorder.records.length, seen.length]).toEqual([1, 1]));
    await log.close();
  });

  it('a wrong password or an authority that is not trusted is refused, in words', async () => {
    const wrong = await openKafkaLog(settings('wrong'));
    await expect(wrong.bounds('t', 0)).rejects.toThrow(/authentication failed/i);
    await wrong.close();
    const { tls: _, ...rest } = settings('s3cret');
    const untrusted = await openKafkaLog({ ...rest, tls: {} });
    await expect(untrusted.bounds('t', 0)).rejects.toThrow(/self-signed|unable to verify/i);
    await untrusted.close();
  });
});
