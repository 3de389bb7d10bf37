/**
 * What a team would write first: the stock NestJS Kafka transport, one handler per event, one Redis read and one write per
 * event. Same topic, same bytes, same decoding, same core, same state.
 */
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { Controller, Inject, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, KafkaContext, Transport, type MicroserviceOptions } from '@nestjs/microservices';
import { Redis } from 'ioredis';
import { decodeActivity } from '#activity';
import { agentKey, TOPICS } from '#activity/types';
import { assess, clampTime } from '#drift';
import { defaultPolicy } from '#policy';
import { stateCodec } from '#store';
import { flush } from './pipeline.js';
import type { Servers } from './servers.js';

/** Long enough for a steady rate. */
const MEASURE_MS = 6_000;
const WARM_UP_MS = 2_000;

class Counter {
  events = 0;
}

@Controller()
class StockHandler {
  private readonly policy = defaultPolicy();

  constructor(
    @Inject(Redis) private readonly redis: Redis,
    @Inject(Counter) private readonly counter: Counter,
  ) {}

  @EventPattern(TOPICS.activity)
  async handle(@Ctx() context: KafkaContext): Promise<void> {
    const message = context.getMessage();
    const activity = decodeActivity(message.value as unknown as Buffer);
    if (activity.type === 'PolicyActivated' || activity.type === 'Tick') return;
    const key = `bench:${agentKey(activity)}`;
    const stored = await this.redis.getBuffer(key);
    const state = stored === null ? null : stateCodec.decode(stored);
    const timed = clampTime(activity, Number(message.timestamp), 30_000);
    await this.redis.set(key, Buffer.from(stateCodec.encode(assess(this.policy, state, timed).state)));
    this.counter.events += 1;
  }
}

/** Events a second, from the beginning of the topic. */
export async function stockTransport(servers: Servers): Promise<number> {
  await flush(servers);
  const redis = new Redis(Number(servers.redis.split(':')[1]), '127.0.0.1');
  const counter = new Counter();
  const providers = [
    { provide: Redis, useValue: redis },
    { provide: Counter, useValue: counter },
  ];
  @Module({ controllers: [StockHandler], providers })
  class StockModule {}
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(StockModule, {
    logger: false,
    transport: Transport.KAFKA,
    options: {
      client: { brokers: [servers.brokers], logLevel: 0 },
      consumer: { groupId: `stock-${randomUUID()}`, minBytes: 64 * 1024, maxWaitTimeInMs: 200 },
      subscribe: { fromBeginning: true },
      run: { partitionsConsumedConcurrently: 4 },
      parser: { keepBinary: true },
    },
  });
  await app.listen();
  while (counter.events === 0) await wait(10);
  await wait(WARM_UP_MS);
  const before = counter.events;
  const started = performance.now();
  await wait(MEASURE_MS);
  const rate = ((counter.events - before) / (performance.now() - started)) * 1_000;
  await app.close();
  redis.disconnect();
  return rate;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
