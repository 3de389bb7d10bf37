import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { restartRedisNode, startRedisNode } from '../../scripts/infra/redis.mjs';
import { isAlive, stopServer } from '../../scripts/infra/tools.mjs';

/** A Redis of a test's own. Ends with the test: call `stop`. */
export interface RedisServer {
  host: string;
  port: number;
  readonly pid: number;
  dir: string;
  /** SIGKILL; what it wrote to `dir` stays. */
  kill(): Promise<void>;
  /** Starts again on the same directory and port. */
  restart(): Promise<void>;
  /** Ends it and removes its directory (unless `dir` was given). */
  stop(): Promise<void>;
}

/** Starts redis-server on 127.0.0.1 (no persistence, noeviction unless `args` say otherwise): about 0.1 s. */
export async function startRedis(
  options: { port?: number; args?: string[]; dir?: string } = {},
): Promise<RedisServer> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'driftline-redis-'));
  let node = await startRedisNode({ ...options, dir });
  return {
    host: '127.0.0.1',
    port: node.port,
    dir,
    get pid() {
      return node.server.pid;
    },
    kill: () => stopServer(node.server, { signal: 'SIGKILL' }),
    async restart() {
      if (isAlive(node.server)) await stopServer(node.server);
      node = await restartRedisNode(node);
    },
    async stop() {
      await stopServer(node.server, { signal: 'SIGKILL' });
      if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
    },
  };
}
