import 'reflect-metadata';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { Health } from './health.js';
import { createLogger } from './logger.js';
import { createMetrics } from './metrics.js';
import { redact } from './redact.js';
import { TelemetryModule } from './telemetry.module.js';

describe('health', () => {
  it('fails when progress is older than its limit, and recovers with the next progress', () => {
    let nowMs = 0;
    const health = new Health(() => nowMs);
    const fold = health.progress('fold', 1_000);
    nowMs = 1_000;
    expect(health.report().status).toBe('ok');
    nowMs = 1_001;
    fold.explain('store away');
    expect(health.report()).toEqual({
      status: 'failing',
      checks: { fold: { status: 'failing', ageMs: 1_001, limitMs: 1_000, detail: 'store away' } },
    });
    fold.done();
    fold.explain(null);
    expect(health.report().checks['fold']).toEqual({ status: 'ok', ageMs: 0, limitMs: 1_000 });
  });

  it('is ready only when all conditions are met and nothing fails', () => {
    let age = 0;
    const health = new Health();
    const watched = health.watch('consumer', 10, () => age);
    health.condition('revocations', 'reading the topic');
    expect(health.ready()).toMatchObject({
      status: 'not-ready',
      waiting: { revocations: 'reading the topic' },
    });
    health.condition('revocations', null);
    expect(health.ready().status).toBe('ready');
    age = 11;
    expect(health.ready().status).toBe('not-ready');
    watched.remove();
    expect(health.ready().status).toBe('ready');
  });
});

describe('metrics', () => {
  it('prefixes every name and gives the same metric for the same name', async () => {
    const metrics = createMetrics({ processMetrics: true });
    metrics.counter('events_total', 'Events', ['topic']).inc({ topic: 'activity' });
    metrics.counter('events_total', 'Events', ['topic']).inc({ topic: 'activity' }, 2);
    metrics.gauge('lag_events', 'Lag', [], (gauge) => gauge.set(7));
    metrics.histogram('assess_seconds', 'Assess').observe(0.0007);
    const text = await metrics.text();
    expect(text).toContain('driftline_events_total{topic="activity"} 3');
    expect(text).toContain('driftline_lag_events 7');
    expect(text).toContain('driftline_assess_seconds_bucket{le="0.001"} 1');
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]!);
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !name.startsWith('driftline_'))).toEqual([]);
  });
});

describe('logs', () => {
  const write = (level: 'info' | 'warn', fields: object, message: string): string[] => {
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    createLogger({ service: 'engine', level: 'warn', destination })[level](fields, message);
    return lines;
  };

  it('are JSON with service and level, and respect the level', () => {
    expect(write('info', {}, 'hidden')).toEqual([]);
    const line = JSON.parse(write('warn', { partition: 3 }, 'slow')[0]!) as Record<string, unknown>;
    expect(line).toMatchObject({ service: 'engine', partition: 3, msg: 'slow' });
  });

  it('hide secrets by field name and by look, in errors and messages too', () => {
    const cause = new Error('HELLO with Bearer abcdefghijklmnop failed');
    const error = Object.assign(new Error('redis://user:hunter2@host down', { cause }), {
      password: 'hunter2',
    });
    const fields = {
      error,
      redis: { password: { env: 'X' }, username: 'engine' },
      headers: { authorization: 'hunter2' },
    };
    const line = write('warn', fields, 'token eyJhbGciOi.eyJzdWIi.hunter2 refused')[0]!;
    expect(line).not.toMatch(/hunter2|abcdefghijklmnop/);
    expect(JSON.parse(line)).toMatchObject({ error: { type: 'Error' }, redis: { username: 'engine' } });
  });

  it('survive cycles, bytes and big values', () => {
    const cycle: Record<string, unknown> = {
      bytes: Buffer.alloc(9),
      big: 12n,
      many: Array.from({ length: 99 }),
    };
    cycle['self'] = cycle;
    expect(redact(cycle)).toMatchObject({ bytes: '[9 bytes]', big: '12' });
  });
});

describe('telemetry module', () => {
  let stop: () => Promise<void> = async () => undefined;
  afterEach(() => stop());

  it('serves /metrics, /health and /ready', async () => {
    let age = 0;
    const metrics = createMetrics();
    metrics.counter('events_total', 'Events').inc();
    const health = new Health();
    health.watch('fold', 10, () => age);
    health.condition('start', 'starting');
    const module = await Test.createTestingModule({
      imports: [TelemetryModule.of(metrics, health)],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    stop = () => app.close();
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    const get = async (path: string) => {
      const response = await fetch(url + path);
      return { status: response.status, body: await response.text() };
    };
    expect((await get('/metrics')).body).toContain('driftline_events_total 1');
    expect((await get('/health')).status).toBe(200);
    expect((await get('/ready')).status).toBe(503);
    health.condition('start', null);
    expect((await get('/ready')).status).toBe(200);
    age = 11;
    expect((await get('/health')).status).toBe(503);
    expect(JSON.parse((await get('/health')).body)).toMatchObject({
      checks: { fold: { status: 'failing' } },
    });
  });
});
