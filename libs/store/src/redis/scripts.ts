/** The Lua scripts of `assets/redis`, each described at its top. Redis learns them by itself, again after a restart. */
import type { Cluster, Redis } from 'ioredis';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { resolve } = createRequire(import.meta.url);

type Argument = string | number | Buffer;
/** Number of keys, keys, arguments. */
type VariableKeys<R> = (keyCount: number, keys: string[], args: Argument[]) => Promise<R>;
type FixedKeys<R> = (keys: string[], args: Argument[]) => Promise<R>;

/** What `scripts` adds to a client. The `Buffer` form gives bytes instead of text. */
export interface ScriptCalls {
  driftlineCommit: VariableKeys<[1] | [0] | [0, string]>;
  driftlineAppend: VariableKeys<number>;
  driftlineRemove: FixedKeys<number>;
  driftlineViewBuffer: FixedKeys<[Buffer | null, Buffer[], Buffer | null]>;
  driftlinePin: FixedKeys<string>;
}

export type Client = (Redis | Cluster) & ScriptCalls;

/** For the `scripts` option of every client: definitions belong to a client, not to the library. */
export function scripts(): Record<string, { lua: string; numberOfKeys?: number }> {
  return {
    driftlineCommit: { lua: source('commit.lua') },
    driftlineAppend: { lua: source('append.lua') },
    driftlineRemove: { lua: source('remove-1.lua'), numberOfKeys: 1 },
    driftlineView: { lua: source('view-3.lua'), numberOfKeys: 3 },
    driftlinePin: { lua: source('pin-1.lua'), numberOfKeys: 1 },
  };
}

function source(file: string): string {
  return readFileSync(resolve(`#assets/redis/${file}`), 'utf8');
}
