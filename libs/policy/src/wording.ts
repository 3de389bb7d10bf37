/** How mistakes are said: what was expected, what came, and what was probably meant. */
import { z } from 'zod';
import { nearest, nearestOf } from './nearest.js';

const SHOWN_CHARACTERS = 60;

/** One thing wrong, with the place in the data. */
export interface Broken {
  path: PropertyKey[];
  message: string;
}

/** Every issue of a schema in words. `schema` is asked for the keys that it knows. */
export function wrongIn(schema: z.ZodType, issues: readonly z.core.$ZodIssue[], data: unknown): Broken[] {
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as SchemaNode;
  return issues.filter((issue) => !isBeside(issue, issues)).flatMap((issue) => said(root, issue, data));
}

/** What a rule says of a value whose keys are not even known says nothing new. */
function isBeside(issue: z.core.$ZodIssue, issues: readonly z.core.$ZodIssue[]): boolean {
  const place = issue.path.join('/');
  return (
    issue.code === 'custom' &&
    issues.some((other) => other.code === 'unrecognized_keys' && other.path.join('/') === place)
  );
}

function said(root: SchemaNode, issue: z.core.$ZodIssue, data: unknown): Broken[] {
  const value = valueAt(data, issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      message: `unknown key${nearestOf(knownKeys(root, issue.path, value), key)}`,
    }));
  }
  if (issue.code === 'invalid_union') {
    const branch = meant(issue, value);
    if (branch !== null) {
      return branch.flatMap((inner) => said(root, { ...inner, path: [...issue.path, ...inner.path] }, data));
    }
    const message = `expected ${kindsOf(issue)}, got ${shown(value)}`;
    return [{ path: issue.path, message }];
  }
  return [{ path: issue.path, message: `${expected(issue)}, got ${shown(value)}${meantOf(issue, value)}` }];
}

type UnionIssue = Extract<z.core.$ZodIssue, { code: 'invalid_union' }>;

/** The alternative that was probably meant: the one whose own keys are there, with the fewest mistakes; null = none. */
function meant(issue: UnionIssue, value: unknown): readonly z.core.$ZodIssue[] | null {
  const fitting = issue.errors.filter((branch) =>
    branch.every(
      ({ code, path }) => path.length > 0 || (code !== 'invalid_type' && code !== 'invalid_value'),
    ),
  );
  const ranked = fitting.toSorted((a, b) => strangers(a, value) - strangers(b, value) || a.length - b.length);
  return ranked[0] ?? (issue.errors.length === 1 ? (issue.errors[0] ?? null) : valueIssue(issue));
}

/** Of alternatives that are all plain, the one of the right type says most. */
function valueIssue(issue: UnionIssue): readonly z.core.$ZodIssue[] | null {
  return issue.errors.find((branch) => branch.every(({ code }) => code === 'invalid_value')) ?? null;
}

/** How foreign a value is to an alternative: keys that it does not know, keys of its own that are missing. */
function strangers(branch: readonly z.core.$ZodIssue[], value: unknown): number {
  return branch.reduce((sum, issue) => {
    if (issue.code === 'unrecognized_keys') return sum + 2 * issue.keys.length;
    const missing = issue.path.length === 1 && valueAt(value, issue.path) === undefined;
    return missing ? sum + 3 : sum;
  }, 0);
}

function kindsOf(issue: UnionIssue): string {
  const kinds = issue.errors.flatMap((branch) =>
    branch.flatMap((one) => (one.code === 'invalid_type' && one.path.length === 0 ? [one.expected] : [])),
  );
  return kinds.length === 0 ? 'one of the alternatives' : [...new Set(kinds)].join(' or ');
}

function expected(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${issue.expected}`;
    case 'invalid_value':
      return issue.values.length === 1
        ? `expected ${String(issue.values[0])}`
        : `expected one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unitOf(issue)}`;
    case 'too_big':
      return `expected ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unitOf(issue)}`;
    default:
      return issue.message;
  }
}

function unitOf({ origin }: { origin: string }): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' entries' : '';
}

/** A value that was nearly one of those there are. */
function meantOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code !== 'invalid_value' || typeof value !== 'string') return '';
  const near = nearest(issue.values.map(String), value);
  return near === null ? '' : `; did you mean "${near}"?`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === 'object' && value !== null ? (value as never)[part] : undefined),
    data,
  );
}

interface SchemaNode {
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode | boolean;
  items?: SchemaNode;
  anyOf?: SchemaNode[];
}

/** Keys that the schema knows at `path`; where there are alternatives, of the one that knows most of what is there. */
function knownKeys(root: SchemaNode, path: readonly PropertyKey[], value: unknown): string[] {
  let nodes: SchemaNode[] = alternatives(root);
  for (const part of path) {
    nodes = nodes.flatMap((node) => {
      const extra = node.additionalProperties;
      const child =
        node.items ?? node.properties?.[String(part)] ?? (typeof extra === 'object' ? extra : undefined);
      return child === undefined ? [] : alternatives(child);
    });
  }
  const there = Object.keys((value ?? {}) as object);
  const keys = nodes.map((node) => Object.keys(node.properties ?? {}));
  const knows = (list: string[]) => there.filter((key) => list.includes(key)).length;
  return keys.toSorted((a, b) => knows(b) - knows(a))[0] ?? [];
}

function alternatives(node: SchemaNode): SchemaNode[] {
  return node.anyOf ? node.anyOf.flatMap(alternatives) : [node];
}
