/** The services as processes of their own, as they run in production; and the upstream that only answers. */
import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import type { Servers } from './servers.js';

const ROOT = dirname(createRequire(import.meta.url).resolve('#package'));
const START_DEADLINE_MS = 30_000;

export interface Service {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

/** Starts `driftline <service>` with these settings over the benchmark's own. */
export async function startService(
  servers: Servers,
  service: 'engine' | 'authority' | 'gateway',
  name: string,
  settings: Record<string, unknown> = {},
): Promise<Service> {
  const { dataDir } = servers.config();
  const listen = { host: '127.0.0.1', port: 0 };
  const config = {
    storage: 'servers',
    dataDir,
    kafka: { brokers: [servers.brokers] },
    ...(service !== 'gateway' && { redis: { nodes: [servers.redis] } }),
    [service]: { id: name, listen, ...settings },
  };
  const file = join(dataDir, `${name}.yaml`);
  writeFileSync(file, stringify(config));
  return spawned(
    ['--max-semi-space-size=64', join(ROOT, 'bin/driftline.js'), service, '--config', file],
    /driftline \w+ at (\S+)/,
  );
}

export function startUpstream(): Promise<Service> {
  return spawned([join(ROOT, 'test/bench/upstream.mjs')], /^(\S+)$/m);
}

async function spawned(args: string[], ready: RegExp): Promise<Service> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready in time:\n${output}`)), START_DEADLINE_MS);
    child.once('exit', (code) => reject(new Error(`ended with ${code}:\n${output}`)));
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const found = ready.exec(output);
      if (found === null) return;
      clearTimeout(timer);
      resolve(found[1]!);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', (chunk: Buffer) => void (output += chunk.toString()));
  });
  return { url, pid: child.pid!, stop: () => ended(child) };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await exited;
  clearTimeout(timer);
}
