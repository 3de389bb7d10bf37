import { existsSync } from 'node:fs';
import type { z } from 'zod';
import { readDocument, type ConfigDocument } from './document.js';
import { environmentOverrides, type Environment } from './environment.js';
import { ConfigError, pathText, show, type Mistake } from './mistake.js';
import { brokenRules, type BrokenRule } from './rules.js';
import { Config } from './schema.js';

/** Read from the working directory when no path is given; it may be missing then. */
export const DEFAULT_CONFIG_FILE = 'driftline.yaml';

/** Where each setting came from: `engine.listen.port` → `driftline.yaml:12`, `DRIFTLINE_ENGINE_PORT`, `command line`. */
export type Sources = Record<string, string>;

export interface LoadOptions {
  /** Must exist when given. */
  path?: string;
  env?: Environment;
  /** Settings of the command line, as they would stand in the file; they win over everything. */
  overrides?: Record<string, unknown>;
  /** False = for a service that opens no store: settings of Redis may be missing. */
  store?: boolean;
}

export interface LoadedConfig {
  config: Config;
  /** Of every setting that is not a default. */
  sources: Sources;
  /** The file that was read, null when there was none. */
  file: string | null;
}

/** `driftline.yaml`, then the environment, then `overrides`; throws `ConfigError` that lists every mistake. */
export function loadConfig(options: LoadOptions = {}): LoadedConfig {
  const env = options.env ?? process.env;
  const file = options.path ?? (existsSync(DEFAULT_CONFIG_FILE) ? DEFAULT_CONFIG_FILE : null);
  const document = file === null ? null : readDocument(file);
  const data = structuredClone(document?.data ?? {});
  const sources: Sources = {};
  for (const path of leaves(data)) sources[pathText(path)] = document!.at(path);
  for (const { path, value, variable } of environmentOverrides(env)) {
    assign(data, path, value);
    sources[pathText(path)] = variable;
  }
  for (const path of leaves(options.overrides ?? {})) {
    assign(data, path, valueAt(options.overrides, path));
    sources[pathText(path)] = 'command line';
  }
  const parsed = Config.safeParse(data);
  const broken = brokenRules(data, env, options.store ?? true);
  const mistakes = allMistakes(parsed, broken, data, sources, document);
  if (!parsed.success || mistakes.length > 0) throw new ConfigError(mistakes);
  return { config: parsed.data, sources, file };
}

function allMistakes(
  parsed: z.ZodSafeParseResult<Config>,
  broken: BrokenRule[],
  data: Record<string, unknown>,
  sources: Sources,
  document: ConfigDocument | null,
): Mistake[] {
  const at = (path: readonly PropertyKey[]): string =>
    sources[pathText(path)] ?? document?.at(path) ?? 'no configuration file';
  const ofSchema = (parsed.error?.issues ?? []).flatMap((issue) => fromIssue(issue, data));
  const mistakes = [...ofSchema, ...broken];
  return mistakes.map(({ path, expected, got }) => ({ path: pathText(path), at: at(path), expected, got }));
}

function fromIssue(
  issue: z.core.$ZodIssue,
  data: unknown,
): { path: PropertyKey[]; expected: string; got: string }[] {
  if (issue.code === 'unrecognized_keys') {
    const expected = 'a setting that exists (see schemas/driftline.schema.json)';
    return issue.keys.map((key) => ({ path: [...issue.path, key], expected, got: `"${key}"` }));
  }
  const got = show(issue.path, valueAt(data, issue.path));
  return [{ path: issue.path, expected: expectation(issue), got }];
}

/** What would have been right, without the value that was wrong. */
function expectation(issue: z.core.$ZodIssue): string {
  const bound = (word: string, limit: number | bigint, origin: string): string =>
    ['string', 'array', 'set', 'map', 'record'].includes(origin)
      ? `a ${origin} of ${word} ${limit}`
      : `a number of ${word} ${limit}`;
  switch (issue.code) {
    case 'invalid_type':
      return `a value of type ${issue.expected}`;
    case 'invalid_value':
      return issue.values.map((value) => JSON.stringify(value)).join(' or ');
    case 'too_small':
      return bound('at least', issue.minimum, issue.origin);
    case 'too_big':
      return bound('at most', issue.maximum, issue.origin);
    case 'invalid_format':
      return issue.format === 'regex' ? `text like ${issue.pattern}` : `a valid ${issue.format}`;
    case 'invalid_key':
      return `a name that is allowed here: ${issue.issues.map(expectation).join(', ')}`;
    default:
      return issue.message;
  }
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, part) => (isObject(value) ? (value as never)[part] : undefined), data);
}

/** Sets `value` at `path`, making mappings on the way; something else in the way is left for validation to name. */
function assign(data: Record<string, unknown>, path: readonly PropertyKey[], value: unknown): void {
  let at = data;
  for (const part of path.slice(0, -1)) {
    const next = (at[String(part)] ??= {});
    if (!isObject(next)) return;
    at = next as Record<string, unknown>;
  }
  at[String(path.at(-1))] = value;
}

/** Paths of everything that is not a mapping; a list is one value. */
function leaves(value: unknown, path: PropertyKey[] = []): PropertyKey[][] {
  if (!isObject(value) || Array.isArray(value)) return path.length === 0 || value === undefined ? [] : [path];
  return Object.entries(value).flatMap(([key, child]) => leaves(child, [...path, key]));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
