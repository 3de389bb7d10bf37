import { createRequire } from 'node:module';
import { basename, dirname, resolve } from 'node:path';
import type { Policy } from '#drift';
import { loadBaseline, sealBaseline } from './baseline/index.js';
import { PolicyError } from './errors.js';
import { parsePolicy, type Beside } from './parse.js';
import { fromDisk, type ReadText } from './read-text.js';
import { loadThresholds } from './thresholds/document.js';

export interface LoadOptions {
  /** `ignored`: the baseline that the policy names need not exist yet, and nothing is known of its roles. */
  baseline?: 'read' | 'ignored';
  /** Where the policy and what it names is read; default: from disk. */
  read?: ReadText;
}

/** Reads and compiles a policy file, or the shipped default. Throws `PolicyError` that lists every mistake. */
export function loadPolicy(path?: string, { baseline = 'read', read = fromDisk }: LoadOptions = {}): Policy {
  if (path === undefined) return defaultPolicy();
  let text: string;
  try {
    text = read(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new PolicyError(path, [{ line: 1, path: '', message: `expected a readable file, got ${code}` }]);
  }
  return parsePolicy(text, basename(path), {
    ...besideOf(path, read),
    ...(baseline === 'ignored' ? { baseline: () => sealBaseline({}) } : {}),
  });
}

/** What a policy file names is read relative to it. */
export function besideOf(path: string, read: ReadText = fromDisk): Beside {
  return {
    baseline: (named) => loadBaseline(resolve(dirname(path), named), read),
    thresholds: (named) => loadThresholds(resolve(dirname(path), named), read),
  };
}

let shipped: Policy | undefined;

/** The shipped policy, `assets/policy/default.yaml`. */
export function defaultPolicy(): Policy {
  return (shipped ??= loadPolicy(createRequire(import.meta.url).resolve('#assets/policy/default.yaml')));
}
