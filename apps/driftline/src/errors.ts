import { AccessError } from '#access';
import { ConfigError } from '#config';
import { GatewayError } from '#gateway';
import { PolicyError } from '#policy';
import { LogError } from '#stream';

/** Something a person can mend: printed as one line, without a stack, exit code 1. */
export class CommandError extends Error {
  readonly code = 'DL_COMMAND';
  override readonly name = 'CommandError';
}

/** Errors whose message says what to do. */
const SAID = [CommandError, ConfigError, AccessError, GatewayError, PolicyError, LogError];

/** Mistakes a person can mend are said in words; anything else is a bug and shows its stack. */
export function explain(error: unknown): string {
  const { code, message, stack, syscall } = error as NodeJS.ErrnoException;
  if (SAID.some((kind) => error instanceof kind)) return message;
  if (typeof code === 'string' && code.startsWith('DL_')) return `${code}: ${message}`;
  // A file that is not there, a port that is taken: the system's own words name it.
  if (typeof syscall === 'string') return message;
  return stack ?? String(error);
}
