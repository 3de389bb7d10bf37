/** One thing wrong with a policy, said so that it can be put right without reading code. */
export interface PolicyMistake {
  /** 1-based. */
  line: number;
  /** 1-based; absent = the whole line. */
  column?: number;
  /** `detectors.scope.weight`; empty = the document as a whole. */
  path: string;
  message: string;
}

/** Every mistake of a policy at once. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  readonly code = 'DL_POLICY_INVALID';

  constructor(
    readonly source: string,
    readonly mistakes: PolicyMistake[],
    what = 'policy',
  ) {
    const count = `${mistakes.length} mistake${mistakes.length === 1 ? '' : 's'}`;
    const lines = mistakes.map(
      ({ line, column, path, message }) =>
        `  ${source}:${line}${column === undefined ? '' : `:${column}`} ${path || '(document)'}: ${message}`,
    );
    super(`the ${what} has ${count}:\n${lines.join('\n')}`);
  }
}

/** Another activation came first: look at what is active now, and say again what is wanted. */
export class PolicyOvertaken extends Error {
  override readonly name = 'PolicyOvertaken';
  readonly code = 'DL_POLICY_OVERTAKEN';

  constructor(
    readonly digest: string,
    readonly revision: number,
  ) {
    super(
      `policy ${digest} was not activated: somebody else activated another one at the same moment, which is ` +
        `revision ${revision} now. Look at it, then activate again if it is still wanted.`,
    );
  }
}
