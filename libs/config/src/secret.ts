import { readFileSync } from 'node:fs';
import type { Environment } from './environment.js';
import type { SecretRef } from './schema.js';

/** Far beyond any password or token; ends what would be a mistaken path. */
const SECRET_MAX_BYTES = 64 * 1024;

/** A secret that is not where the configuration says. Its message names the place, never the value. */
export class SecretError extends Error {
  override readonly name = 'SecretError';
  readonly code = 'DL_CONFIG_SECRET';

  constructor(
    readonly expected: string,
    readonly got: string,
  ) {
    super(`expected ${expected}, got ${got}`);
  }
}

/** The secret itself; read when it is needed, so that it is in no configuration that may be printed. */
export function resolveSecret(ref: SecretRef, env: Environment = process.env): string {
  if (ref.env !== undefined) {
    const value = env[ref.env];
    if (!value) throw new SecretError(`a value in the environment variable ${ref.env}`, 'nothing');
    return value;
  }
  if (ref.file === undefined) throw new SecretError('env or file', 'neither');
  return readSecretFile(ref.file);
}

function readSecretFile(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const got = (error as NodeJS.ErrnoException).code ?? 'an error';
    throw new SecretError(`a readable file ${path}`, got);
  }
  // Editors and `echo` end a file with a line break that is not part of the secret.
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw new SecretError(`a secret in the file ${path}`, 'an empty file');
  if (value.length > SECRET_MAX_BYTES) {
    throw new SecretError(`at most ${SECRET_MAX_BYTES} characters in the file ${path}`, String(value.length));
  }
  return value;
}
