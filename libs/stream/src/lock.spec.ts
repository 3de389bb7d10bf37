import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { open } from 'lmdb';
import { DataDirLocked } from './errors.js';
import { lockDataDir } from './lock.js';

const lmdb = createRequire(import.meta.url).resolve('lmdb');

/** A real other process that writes itself down as the holder, as `lockDataDir` does, and then sleeps. */
const HOLDER = `
  const { open } = require(${JSON.stringify(lmdb)});
  const { readFileSync } = require('node:fs');
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const file = open({ path: process.argv[1] + '/holder.mdb', encoding: 'json' });
  file.putSync('holder', { pid: process.pid, started, boot, host: require('node:os').hostname(), since: 'now', command: 'test' });
  console.log('held');
  setInterval(() => {}, 1000);
`;

describe('lockDataDir', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'driftline-lock-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('may be taken again by the same process, and is free after the last release', async () => {
    const first = lockDataDir(dir);
    const second = lockDataDir(dir);
    first.claim('log');
    expect(() => second.claim('log')).toThrow(/open in this process already/);
    second.claim('store');
    await first.release();
    await first.release();
    second.claim('log');
    await second.release();
    await expect(lockDataDir(dir).release()).resolves.toBeUndefined();
  });

  it.skipIf(process.platform !== 'linux')(
    'tells who holds it, and frees it when that process was killed',
    async () => {
      const child = spawn(process.execPath, ['-e', HOLDER, dir]);
      await new Promise((resolve) => child.stdout.once('data', resolve));
      const taken = () => lockDataDir(dir);
      expect(taken).toThrow(DataDirLocked);
      expect(taken).toThrow(new RegExp(`process ${child.pid} \\(test\\)`));
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
      await taken().release();
    },
  );

  it('is not fooled by a pid that another process got later', async () => {
    const file = open<unknown, string>({ path: join(dir, 'holder.mdb'), encoding: 'json' });
    const holder = {
      pid: process.ppid,
      started: '1',
      boot: 'another boot',
      host: hostname(),
      since: '',
      command: '',
    };
    file.putSync('holder', holder);
    await file.close();
    await expect(lockDataDir(dir).release()).resolves.toBeUndefined();
  });

  it('counts a holder on another host as alive', async () => {
    const file = open<unknown, string>({ path: join(dir, 'holder.mdb'), encoding: 'json' });
    const holder = {
      pid: 1,
      started: '1',
      boot: '',
      host: 'elsewhere',
      since: '2026',
      command: 'driftline up',
    };
    file.putSync('holder', holder);
    await file.close();
    expect(() => lockDataDir(dir)).toThrow(DataDirLocked);
  });
});
