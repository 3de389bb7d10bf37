/** Engines, authorities and gateways as processes of their own, as an operator runs them, on a Kafka and a Redis of the test's. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';

const COMMAND = fileURLToPath(new URL('../../bin/driftline.js', import.meta.url));
const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 20_000;
const TAIL_CHARS = 3_000;
const ANY_PORT = { host: '127.0.0.1', port: 0 };

export type Service = 'engine' | 'authority' | 'gateway';

export interface Running {
  name: string;
  url: string;
  pid: number;
  /** What it printed, standard error included. */
  output(): string;
  /** Resolves with the exit code, null after a signal. */
  exited: Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL when that does not do. Returns the exit code. */
  stop(): Promise<number | null>;
}

export interface ClusterOptions {
  brokers: string;
  /** `host:port`. */
  redis: string;
  partitions?: number;
  /** Laid over every configuration. */
  settings?: Record<string, unknown>;
}

export class Cluster {
  /** Shared: credentials and value keys are in here. */
  readonly dir = mkdtempSync(join(tmpdir(), 'driftline-e2e-'));
  private readonly running = new Map<Running, Service>();

  constructor(private readonly options: ClusterOptions) {}

  /** Starts one process and resolves when it serves. `env` may name a kill point. */
  async start(
    service: Service,
    name: string,
    settings: Record<string, unknown> = {},
    env: Record<string, string> = {},
  ): Promise<Running> {
    const config = join(this.dir, `${name}.yaml`);
    writeFileSync(
      config,
      stringify(merge(this.base(service, name), merge(this.options.settings ?? {}, settings))),
    );
    const child = spawn(process.execPath, [COMMAND, service, '--config', config], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: this.dir,
    });
    const one = await serving(child, name);
    this.running.set(one, service);
    void one.exited.then(() => this.running.delete(one));
    return one;
  }

  /** The last that each running process printed, for a test that failed. */
  tails(): string {
    return [...this.running.keys()]
      .map((one) => `--- ${one.name}\n${one.output().slice(-TAIL_CHARS)}`)
      .join('\n');
  }

  /** Ends every process of one kind in order. */
  async stopAll(service: Service): Promise<void> {
    const some = [...this.running].filter(([, kind]) => kind === service);
    await Promise.all(some.map(([one]) => one.stop()));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.keys()].map((one) => one.stop()));
    rmSync(this.dir, { recursive: true, force: true });
  }

  private base(service: Service, name: string): Record<string, unknown> {
    return {
      storage: 'servers',
      dataDir: this.dir,
      kafka: { brokers: this.options.brokers.split(','), partitions: this.options.partitions ?? 4 },
      redis: { nodes: [this.options.redis] },
      engine: { listen: ANY_PORT },
      authority: { listen: ANY_PORT },
      gateway: { listen: ANY_PORT },
      [service]: { id: name, listen: ANY_PORT },
    };
  }
}

async function serving(child: ChildProcess, name: string): Promise<Running> {
  let output = '';
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const url = new Promise<string>((resolve) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const found = /driftline \w+ at (\S+)/.exec(output);
      if (found) resolve(found[1]!);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
  });
  const late = new Promise<never>((_, reject) => {
    setTimeout(
      () => reject(new Error(`${name} did not serve in time:\n${output}`)),
      START_DEADLINE_MS,
    ).unref();
  });
  const ended = exited.then((code): never => {
    throw new Error(`${name} ended with ${code} before it served:\n${output}`);
  });
  const where = await Promise.race([url, late, ended]).catch((error: Error) => {
    child.kill('SIGKILL');
    throw error;
  });
  // From here on an end is what the test waits for, or its own doing.
  ended.catch(() => undefined);
  late.catch(() => undefined);
  return {
    name,
    url: where,
    pid: child.pid!,
    output: () => output,
    exited,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
      const code = await exited;
      clearTimeout(timer);
      return code;
    },
  };
}

function merge(under: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isMapping(below) && isMapping(value) ? merge(below, value) : value;
  }
  return merged;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
