import { readFileSync } from 'node:fs';

/** Reads a file as text. Throws with a `code` like the file system's when it cannot. */
export type ReadText = (path: string) => string;

export const fromDisk: ReadText = (path) => readFileSync(path, 'utf8');
