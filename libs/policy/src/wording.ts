/** How mistakes are said: what was expected, what came, and what was probably meant. */
import { z } from 'zod';
import { PolicyDocument } from './schema.js';

const SHOWN_CHARACTERS = 60;

export function expectation(issue: z.core.$ZodIssue, value: unknown): string {
  return `${expected(issue)}, got ${shown(value)}`;
}

function expected(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${issue.expected}`;
    case 'invalid_value':
      return `expected one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      return `expected ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    default:
      return issue.message;
  }
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}

/** `; did you mean "weight"?`, or what there is to choose from. */
export function suggestion(path: readonly PropertyKey[], key: string): string {
  const known = knownKeys(path);
  const nearest = known
    .map((name) => ({ name, far: distance(name.toLowerCase(), key.toLowerCase()) }))
    .toSorted((a, b) => a.far - b.far)[0];
  if (nearest && nearest.far <= Math.max(2, Math.floor(key.length / 3)))
    return `; did you mean "${nearest.name}"?`;
  return known.length === 0 ? '' : `; known here: ${known.join(', ')}`;
}

interface SchemaNode {
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode | boolean;
  items?: SchemaNode;
}

/** Keys that the schema knows at `path`. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let node = z.toJSONSchema(PolicyDocument, { io: 'input' }) as SchemaNode | undefined;
  for (const part of path) {
    const extra = node?.additionalProperties;
    node = node?.items ?? node?.properties?.[String(part)] ?? (typeof extra === 'object' ? extra : undefined);
  }
  return Object.keys(node?.properties ?? {});
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
