/** Text to `Policy`: YAML, then the schema, then the rules that join several keys; every mistake is listed at once. */
import type { Baseline, Policy } from '#drift';
import { compile } from './compile.js';
import { PolicyError, type PolicyMistake } from './errors.js';
import { pruned } from './prune.js';
import { brokenRules } from './rules.js';
import { PolicyDocument } from './schema.js';
import { pathText, Source } from './source.js';
import type { ThresholdsFile } from './thresholds/document.js';
import { wrongIn, type Broken } from './wording.js';

/** Reads the artifacts that a policy names, relative to it. Each throws `PolicyError`. */
export interface Beside {
  baseline(path: string): Baseline;
  thresholds(path: string): ThresholdsFile;
}

/** A policy text looked at: what it means where it means something, and what is wrong with it. */
export interface Examined {
  source: Source;
  /** Null when there is nothing to be made of it. What was wrong is left out of it. */
  document: PolicyDocument | null;
  /** Null when anything is wrong. */
  policy: Policy | null;
  thresholds: ThresholdsFile | null;
  mistakes: PolicyMistake[];
  /** The place in the text of a place in the document. */
  original(path: readonly PropertyKey[]): PropertyKey[];
}

/**
 * Throws `PolicyError` that lists every mistake with its line. `source` is what it calls the text. Without `beside` the
 * text may name no other file.
 */
export function parsePolicy(text: string, source = 'policy', beside?: Beside): Policy {
  const { policy, mistakes } = examine(text, beside);
  if (policy === null) throw new PolicyError(source, mistakes);
  return policy;
}

export function examine(text: string, beside?: Beside): Examined {
  const source = new Source(text);
  const mistakes = source.unreadable.map((one) => ({ path: '', ...one }));
  const none = { document: null, policy: null, thresholds: null };
  if (mistakes.length > 0) return { source, ...none, mistakes, original: (path) => [...path] };
  const parsed = PolicyDocument.safeParse(source.data);
  const wrong = parsed.success ? [] : wrongIn(PolicyDocument, parsed.error.issues, source.data);
  const left = pruned(PolicyDocument, source.data, { name: 'unnamed' });
  const document = left.value;
  const artifacts = artifactsOf(document, beside);
  const broken = document === null ? [] : [...brokenRules(document), ...artifacts.broken];
  const later = broken
    .map(({ path, message }) => ({ path: left.original(path), message }))
    .filter(({ path }) => !wrong.some((one) => concerns(one.path, path)));
  const all = [...wrong, ...later].map((one) => placed(source, one)).toSorted(byPlace);
  const good = all.length === 0 && parsed.success;
  const { baseline, thresholds } = artifacts;
  return {
    source,
    document,
    policy: good ? compile(parsed.data, baseline, thresholds) : null,
    thresholds,
    mistakes: all,
    original: left.original,
  };
}

/** What was taken out or stands around it cannot be judged. */
function concerns(wrong: readonly PropertyKey[], path: readonly PropertyKey[]): boolean {
  const [short, long] = wrong.length < path.length ? [wrong, path] : [path, wrong];
  return short.length > 0 && short.every((part, at) => part === long[at]);
}

export function placed(source: Source, { path, message }: Broken): PolicyMistake {
  return { ...source.at(path), path: pathText(path), message };
}

export function byPlace(a: PolicyMistake, b: PolicyMistake): number {
  return a.line - b.line || (a.column ?? 0) - (b.column ?? 0);
}

interface Artifacts {
  baseline: Baseline | null;
  thresholds: ThresholdsFile | null;
  broken: Broken[];
}

function artifactsOf(document: PolicyDocument | null, beside?: Beside): Artifacts {
  const broken: Broken[] = [];
  const named = <T>(key: 'baseline' | 'thresholds', read: ((path: string) => T) | undefined): T | null => {
    const path = document?.[key];
    if (path === undefined) return null;
    if (read === undefined) {
      broken.push({
        path: [key],
        message: `only a policy that is read from a file can name ${key === 'baseline' ? 'a baseline' : key}`,
      });
      return null;
    }
    try {
      return read(path);
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      broken.push({ path: [key], message: error.mistakes.map(({ message }) => message).join('; ') });
      return null;
    }
  };
  const baseline = named('baseline', beside?.baseline);
  const thresholds = named('thresholds', beside?.thresholds);
  return { baseline, thresholds, broken };
}
