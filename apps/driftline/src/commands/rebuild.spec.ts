import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeAudit } from '#activity';
import { TOPICS } from '#activity/types';
import type { StateStore } from '#store';
import { openRuntime } from '../runtime.js';
import { rebuild } from './rebuild.js';

let dir: string;
let config: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'driftline-rebuild-'));
  config = join(dir, 'driftline.yaml');
  writeFileSync(config, `dataDir: ${join(dir, 'data')}\n`);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const opened = () => openRuntime({ configPath: config, service: 'test', logLevel: 'error' });

async function agents(store: StateStore, partition: number): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of store.keys(`activity/${partition}`)) keys.push(key);
  return keys;
}

/** Partition 1 as an engine has left it, then a log that is not the one it was folded from. */
async function halted(): Promise<void> {
  const { log, store, close } = await opened();
  const records = ['a', 'b'].map((key) => ({ key, value: Buffer.from(key), partition: 1 }));
  await log.append(TOPICS.activity, records);
  for (const partition of [1, 2]) {
    const next = { logId: 'another log', offset: 1, checksum: 'c' };
    const states = [{ key: 't|agent', state: Buffer.from('state'), ttlMs: 60_000 }];
    const request = { expected: null, next, states, folded: [], tasks: [] };
    expect(await store.commit({ partition: `activity/${partition}`, ...request })).toEqual({ ok: true });
  }
  await close();
}

describe('driftline rebuild', () => {
  it('forgets the states of that partition only, starts it at the beginning of its log, and is audited', async () => {
    await halted();
    await rebuild(1, { config, by: 'grace', reason: 'the log was restored' });
    const { log, store, close } = await opened();
    expect(await agents(store, 1)).toEqual([]);
    expect(await agents(store, 2)).toEqual(['t|agent']);
    expect(await store.marker('activity/1')).toEqual({ logId: await log.id(), offset: -1, checksum: '' });
    const audit = await log.readAt(TOPICS.audit, 0, 0);
    expect(decodeAudit(audit!.value!)).toMatchObject({
      by: 'grace',
      action: 'rebuild-partition',
      subject: 'activity/1',
      reason: 'the log was restored',
      outcome: 'done',
    });
    await close();
  });

  it('names the partitions there are when it is asked for another', async () => {
    await expect(rebuild(4, { config, by: 'grace', reason: 'x' })).rejects.toThrow('from 0 to 3, got 4');
  });
});
