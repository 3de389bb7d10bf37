import type { ServerProcess } from './tools.mjs';

export interface RedisNode {
  dir: string;
  port: number;
  server: ServerProcess;
}
export function redisBinary(): string;
export function startRedisNode(options: {
  dir: string;
  port?: number;
  args?: string[];
  keep?: boolean;
}): Promise<RedisNode>;
export function restartRedisNode(node: RedisNode): Promise<RedisNode>;
