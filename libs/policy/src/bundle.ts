/** A policy file with the files that it names, so that it can be read where they are not. */
import { basename, dirname, join, relative, resolve } from 'node:path/posix';
import type { Policy } from '#drift';
import { loadPolicy } from './load.js';
import { fromDisk } from './read-text.js';

export interface PolicyBundle {
  /** Which of the files is the policy. */
  main: string;
  /** Path below the folder of the policy, from `/`, → text. */
  files: Record<string, string>;
}

/** Reads a policy from disk, and everything that it reads. Throws `PolicyError` that lists every mistake. */
export function bundlePolicy(path: string): { policy: Policy; bundle: PolicyBundle } {
  const [at, main] = [resolve(path), `/${basename(path)}`];
  const files: Record<string, string> = {};
  const read = (file: string) => (files[join('/', relative(dirname(at), file))] = fromDisk(file));
  const policy = loadPolicy(at, { read });
  return { policy, bundle: { main, files } };
}

/** The same policy somewhere else. Throws `PolicyError` that lists every mistake. */
export function openBundle({ main, files }: PolicyBundle): Policy {
  const texts = new Map(Object.entries(files));
  const read = (path: string) => {
    const text = texts.get(path);
    if (text !== undefined) return text;
    throw Object.assign(new Error(`${path} was not sent along`), { code: 'ENOENT' });
  };
  return loadPolicy(main, { read });
}
