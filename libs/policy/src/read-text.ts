import { readFileSync } from 'node:fs';
import { PolicyError } from './errors.js';

/** Reads a file as text. Throws with a `code` like the file system's when it cannot. */
export type ReadText = (path: string) => string;

export const fromDisk: ReadText = (path) => readFileSync(path, 'utf8');

/** A file as JSON. Throws `PolicyError` when it cannot be read or is none. */
export function readJson(path: string, read: ReadText): unknown {
  try {
    return JSON.parse(read(path));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw mistakeIn(path, code ? `expected a readable file, got ${code}` : `not JSON: ${message}`);
  }
}

/** What is wrong with a file that people do not write. */
export function mistakeIn(path: string, message: string): PolicyError {
  return new PolicyError(path, [{ line: 1, path: '', message }]);
}
