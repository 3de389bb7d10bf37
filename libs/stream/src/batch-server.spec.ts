import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BATCH_FATAL, BATCH_LOG, BATCH_ROUTES, BatchServer, type BatchRoute } from './batch-server.js';
import { openEmbeddedLog, type EmbeddedLog } from './embedded/log.js';

describe('BatchServer', () => {
  let dir: string;
  let log: EmbeddedLog;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'driftline-batch-'));
    log = await openEmbeddedLog({ dir });
    await log.ensureTopics([{ name: 't', partitions: 1, compacted: false, retentionMs: null }]);
  });
  afterEach(async () => {
    await log.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const microservice = (routes: BatchRoute[]) => {
    @Module({
      providers: [
        BatchServer,
        { provide: BATCH_LOG, useValue: log },
        { provide: BATCH_ROUTES, useValue: routes },
        { provide: BATCH_FATAL, useValue: () => {} },
      ],
    })
    class App {}
    return NestFactory.createMicroservice<AsyncMicroserviceOptions>(App, {
      logger: false,
      inject: [BatchServer],
      useFactory: (server: BatchServer) => ({ strategy: server }),
    });
  };

  it('hands batches to the injected handler and, closing, lets the running one end', async () => {
    const seen: string[] = [];
    let busy = false;
    const handler = {
      assigned: async () => 0,
      batch: async (_: number, records: { value: Buffer | null }[]) => {
        busy = true;
        await sleep(100);
        seen.push(...records.map((record) => String(record.value)));
        busy = false;
      },
      revoked: async () => void seen.push('revoked'),
    };
    const app = await microservice([{ topic: 't', group: 'g', handler }]);
    await app.listen();
    await log.append('t', [{ key: 'k', value: Buffer.from('one') }]);
    await vi.waitFor(() => expect(busy).toBe(true));
    await app.close();
    expect(busy).toBe(false);
    expect(seen).toEqual(['one', 'revoked']);
  });

  it('fails to listen when a topic is missing', async () => {
    const handler = { assigned: async () => 0, batch: async () => {}, revoked: async () => {} };
    const app = await microservice([{ topic: 'missing', group: 'g', handler }]);
    await expect(app.listen()).rejects.toMatchObject({ code: 'unknown-topic' });
    await app.close();
  });
});
