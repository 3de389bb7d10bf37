import { Cluster, type Redis } from 'ioredis';
import { StoreError } from '../errors.js';
import type { Client } from './scripts.js';

const REQUIRED = 'noeviction';

/** Every primary must keep what it was given: throws `DL_STORE_EVICTING` for one that may drop keys by itself. */
export async function checkEviction(client: Client): Promise<void> {
  const primaries: Redis[] = client instanceof Cluster ? client.nodes('master') : [client];
  for (const primary of primaries) {
    const policy = await evictionPolicy(primary);
    if (policy === REQUIRED) continue;
    const { host, port } = primary.options;
    throw new StoreError(
      'DL_STORE_EVICTING',
      `Redis at ${host}:${port} has maxmemory-policy "${policy}", expected "${REQUIRED}": it would drop agent state ` +
        `silently. Run CONFIG SET maxmemory-policy ${REQUIRED} and set it in redis.conf, or use a Redis of its own`,
    );
  }
}

/** Asks `CONFIG`, and where that is forbidden or renamed (managed services), `INFO`. */
async function evictionPolicy(redis: Redis): Promise<string> {
  try {
    const [, policy] = (await redis.config('GET', 'maxmemory-policy')) as [string?, string?];
    if (policy !== undefined) return policy;
  } catch (error) {
    if (!isForbidden(error)) throw error;
  }
  const info = await redis.info('memory');
  const policy = /^maxmemory_policy:(.+?)\r?$/m.exec(info)?.[1];
  if (policy !== undefined) return policy;
  throw new StoreError(
    'DL_STORE_DENIED',
    'Redis tells its maxmemory-policy neither by CONFIG GET nor by INFO memory: allow the user one of the two',
  );
}

function isForbidden(error: unknown): boolean {
  return error instanceof Error && /^(NOPERM|ERR unknown command|ERR unknown subcommand)/.test(error.message);
}
