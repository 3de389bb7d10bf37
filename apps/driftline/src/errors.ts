/** Something a person can mend: printed as one line, without a stack, exit code 1. */
export class CommandError extends Error {
  readonly code = 'DL_COMMAND';
  override readonly name = 'CommandError';
}
