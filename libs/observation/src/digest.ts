/** One digest per tool definition: a definition that changed under an agent is seen. */
import { createHash } from 'node:crypto';
import { MAX_DEPTH } from './limits.js';

/** RFC 8785: no space, keys by UTF-16 code units, numbers as ECMAScript prints them. `undefined` members are left out. */
export function canonicalJson(value: unknown, depth = 0): string {
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  // Deeper than any honest schema: one mark in place of the rest keeps the digest total and the stack small.
  if (depth >= MAX_DEPTH) return '"…"';
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item, depth + 1)).join(',')}]`;
  const record = value as Record<string, unknown>;
  const members = Object.keys(record)
    .filter((key) => record[key] !== undefined && typeof record[key] !== 'function')
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key], depth + 1)}`);
  return `{${members.join(',')}}`;
}

export interface ToolDefinition {
  name: string;
  description?: unknown;
  inputSchema?: unknown;
  outputSchema?: unknown;
  annotations?: unknown;
}

/** SHA-256, hex, of what an agent decides by: name, description, schemas, annotations. */
export function toolDigest(definition: ToolDefinition): string {
  const { name, description, inputSchema, outputSchema, annotations } = definition;
  return createHash('sha256')
    .update(canonicalJson({ name, description, inputSchema, outputSchema, annotations }))
    .digest('hex');
}
