/** Redis without Docker: the `redis-server` on the PATH, or Debian's package. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { answers, aptInstall, freePort, isAlive, startServer, stopServer, waitFor, which } from './tools.mjs';

const START_TIMEOUT_MS = 10_000;

/** Path of a redis-server binary; throws a sentence that says what is missing. */
export function redisBinary() {
  const found = which('redis-server');
  if (found) return found;
  if (aptInstall(['redis-server']) && which('redis-server')) return which('redis-server');
  throw new Error('no `redis-server` on the PATH');
}

/** Starts one Redis on 127.0.0.1; `args` are appended to its command line and win over the defaults. */
export async function startRedisNode({ dir, port, args = [], keep = false }) {
  const node = { dir, port: port ?? (await freePort()), args, keep };
  mkdirSync(dir, { recursive: true });
  return { ...node, server: await launch(node) };
}

/** Starts it again on its directory and port. */
export async function restartRedisNode(node) {
  return { ...node, server: await launch(node) };
}

async function launch({ dir, port, args, keep }) {
  const base = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    dir,
    '--save',
    '',
    '--appendonly',
    'no',
  ];
  const server = startServer(redisBinary(), [...base, '--maxmemory-policy', 'noeviction', ...args], {
    cwd: dir,
    logFile: join(dir, 'redis.log'),
    keep,
  });
  try {
    await waitFor(
      `Redis on port ${port}`,
      () => answers('127.0.0.1', port),
      START_TIMEOUT_MS,
      () => isAlive(server),
    );
  } catch (error) {
    await stopServer(server, { signal: 'SIGKILL' });
    throw new Error(`${error.message}; its output is in ${join(dir, 'redis.log')}`, { cause: error });
  }
  return server;
}
