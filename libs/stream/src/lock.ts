/** One process per data directory. */
import { mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { DataDirLocked, LogError } from './errors.js';

interface Holder {
  pid: number;
  /** Start of the process in clock ticks since boot; '' where the system does not tell. */
  started: string;
  boot: string;
  host: string;
  since: string;
  command: string;
}

/** Directories this process holds: how often, and what is open in them. */
const held = new Map<string, { count: number; parts: Set<string> }>();

export interface DataDirLock {
  /** Says that a part of the directory (its log, its store) is open in this process; throws when it is already. */
  claim(part: string): void;
  /** Gives back what this call took; the directory is free after the last one. */
  release(): Promise<void>;
}

/**
 * Takes the directory for this process; throws `DataDirLocked` that says who holds it. May be called again by the same
 * process. The holder is kept in a tiny LMDB file, whose write transaction two processes cannot be in at once and which
 * the kernel frees when a process dies; a holder that is gone (pid and start time) holds nothing.
 */
export function lockDataDir(dir: string): DataDirLock {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = realpathSync(dir);
  if (!held.has(path)) takeFile(path);
  const entry = held.get(path) ?? { count: 0, parts: new Set() };
  entry.count += 1;
  held.set(path, entry);
  const mine: string[] = [];
  let released = false;
  return {
    claim(part) {
      if (entry.parts.has(part))
        throw new LogError(
          'data-dir-in-use',
          `The ${part} in ${path} is open in this process already: share that one.`,
        );
      entry.parts.add(part);
      mine.push(part);
    },
    async release() {
      if (released) return;
      released = true;
      for (const part of mine) entry.parts.delete(part);
      entry.count -= 1;
      if (entry.count > 0) return;
      held.delete(path);
      releaseFile(path);
    },
  };
}

const openFile = (path: string) =>
  open<Holder, string>({ path: join(path, 'holder.mdb'), encoding: 'json', maxReaders: 16 });

function takeFile(path: string): void {
  const file = openFile(path);
  try {
    const other = file.transactionSync(() => {
      const holder = file.get('holder');
      if (holder !== undefined && isAlive(holder)) return holder;
      file.putSync('holder', myself());
      return null;
    });
    if (other !== null) throw new DataDirLocked(path, other);
  } finally {
    void file.close();
  }
}

function releaseFile(path: string): void {
  const file = openFile(path);
  try {
    file.transactionSync(() => file.removeSync('holder'));
  } finally {
    void file.close();
  }
}

function myself(): Holder {
  return {
    pid: process.pid,
    started: startOf(process.pid),
    boot: bootId(),
    host: hostname(),
    since: new Date().toISOString(),
    command: process.argv.slice(1, 4).join(' '),
  };
}

/** Another host's processes cannot be seen from here: they count as alive. */
function isAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true;
  if (holder.boot !== bootId()) return false;
  if (holder.started !== '') return startOf(holder.pid) === holder.started;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  } catch {
    // No such process, or a system without /proc.
    return '';
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // A system without /proc: pids alone tell.
    return '';
  }
}
