/** CPU time of the processes of a benchmark, as the kernel counts it: what is left to compare while others share the cores. */
import { readFileSync } from 'node:fs';

/** Ticks of `/proc/<pid>/stat`; Linux shows 100 a second whatever the kernel's own. */
const TICK_MS = 10;
/** Fields of `/proc/<pid>/stat` counted from behind the name, which may hold spaces. */
const USER = 11;
const SYSTEM = 12;

/** User and system time of a process and all its threads so far, in ms. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[USER]) + Number(fields[SYSTEM])) * TICK_MS;
}

/** What a set of processes spends between two moments. */
export class CpuTimes {
  private before: Record<string, number> | null = null;

  constructor(private readonly pids: Readonly<Record<string, number>>) {}

  get started(): boolean {
    return this.before !== null;
  }

  start(): void {
    this.before = this.now();
  }

  /** Ms of each since `start`. */
  spent(): Record<string, number> {
    const { before } = this;
    if (before === null) throw new Error('start() was never called');
    return Object.fromEntries(Object.entries(this.now()).map(([name, ms]) => [name, ms - before[name]!]));
  }

  private now(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.pids).map(([name, pid]) => [name, cpuMs(pid)]));
  }
}
