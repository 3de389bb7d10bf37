/** Text to `Policy`: YAML, then the schema, then the rules that join several keys; every mistake is listed at once. */
import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import type { Baseline, Policy } from '#drift';
import { compile } from './compile.js';
import { PolicyError, type PolicyMistake } from './errors.js';
import { brokenRules, type Broken } from './rules.js';
import { PolicyDocument } from './schema.js';
import { expectation, suggestion } from './wording.js';

/** Far beyond any real policy; ends what would be a mistaken path or a bomb. */
const TEXT_MAX_CHARACTERS = 4 << 20;
/** YAML aliases may make a small document huge. */
const ALIASES_MAX = 1_000;

/** Reads the baseline that a policy names. Throws `PolicyError`. */
export type BaselineReader = (path: string) => Baseline;

/**
 * Throws `PolicyError` that lists every mistake with its line. `source` is what it calls the text. Without
 * `readBaseline` the text may name none.
 */
export function parsePolicy(text: string, source = 'policy', readBaseline?: BaselineReader): Policy {
  if (text.length > TEXT_MAX_CHARACTERS) {
    throw new PolicyError(source, [
      { line: 1, path: '', message: `longer than ${TEXT_MAX_CHARACTERS} characters` },
    ]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const syntax = document.errors.map((error) => ({
    line: lines.linePos(error.pos[0]).line,
    path: '',
    message: error.message,
  }));
  if (syntax.length > 0) throw new PolicyError(source, syntax);
  const data: unknown = document.toJS({ maxAliasCount: ALIASES_MAX });
  const parsed = PolicyDocument.safeParse(data);
  const read = parsed.success ? baselineOf(parsed.data, readBaseline) : { baseline: null, broken: [] };
  const broken = parsed.success
    ? [...brokenRules(parsed.data), ...read.broken]
    : parsed.error.issues.flatMap((issue) => wrong(issue, data));
  const mistakes = broken.map<PolicyMistake>(({ path, message }) => ({
    line: lineOf(document, lines, path),
    path: pathText(path),
    message,
  }));
  if (!parsed.success || mistakes.length > 0) throw new PolicyError(source, mistakes);
  return compile(parsed.data, read.baseline);
}

interface ReadBaseline {
  baseline: Baseline | null;
  broken: Broken[];
}

function baselineOf({ baseline: path }: PolicyDocument, readBaseline?: BaselineReader): ReadBaseline {
  if (path === undefined) return { baseline: null, broken: [] };
  const broken = (message: string): ReadBaseline => ({
    baseline: null,
    broken: [{ path: ['baseline'], message }],
  });
  if (!readBaseline) return broken('only a policy that is read from a file can name a baseline');
  try {
    return { baseline: readBaseline(path), broken: [] };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return broken(error.mistakes.map(({ message }) => message).join('; '));
  }
}

function wrong(issue: z.core.$ZodIssue, data: unknown): Broken[] {
  if (issue.code !== 'unrecognized_keys')
    return [{ path: issue.path, message: expectation(issue, valueAt(data, issue.path)) }];
  return issue.keys.map((key) => ({
    path: [...issue.path, key],
    message: `unknown key${suggestion(issue.path, key)}`,
  }));
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === 'object' && value !== null ? (value as never)[part] : undefined),
    data,
  );
}

/** Line of the value at `path`, or of the nearest thing around it. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const part of path) {
    const at = childOf(node, part);
    if (at === null) break;
    offset = at.offset;
    node = at.node;
  }
  return lines.linePos(offset).line;
}

function childOf(node: unknown, part: PropertyKey): { node: unknown; offset: number } | null {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
    const offset = isNode(pair?.key) ? pair.key.range?.[0] : undefined;
    return offset === undefined ? null : { node: pair?.value, offset };
  }
  if (!isSeq(node)) return null;
  const item = node.items[Number(part)];
  const offset = isNode(item) ? item.range?.[0] : undefined;
  return offset === undefined ? null : { node: item, offset };
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${String(part)}`))
    .join('');
}
