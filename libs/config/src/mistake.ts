/** One thing wrong with the configuration, said so that it can be put right without reading code. */
export interface Mistake {
  /** `engine.listen.port`; empty = the document as a whole. */
  path: string;
  /** `driftline.yaml:12`, `DRIFTLINE_REDIS`, `command line`; where it was set, or where it should have been. */
  at: string;
  expected: string;
  /** What was there; `(hidden)` where it may be a secret. */
  got: string;
}

/** Every mistake of a configuration at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'DL_CONFIG_INVALID';

  constructor(readonly mistakes: Mistake[]) {
    super(
      `the configuration has ${mistakes.length} mistake${mistakes.length === 1 ? '' : 's'}:\n` +
        mistakes.map(describeMistake).join('\n'),
    );
  }
}

function describeMistake({ path, at, expected, got }: Mistake): string {
  return `  ${path || '(document)'} (${at}): expected ${expected}, got ${got}`;
}

const SECRET_PATH = /password|passphrase|secret|token|credential|^key$|^env$/i;
const SHOWN_CHARACTERS = 60;

/** `value` as it may be shown: short, and never what may be a secret. */
export function show(path: readonly PropertyKey[], value: unknown): string {
  if (value === undefined) return 'nothing';
  if (path.some((part) => SECRET_PATH.test(String(part)))) return '(hidden)';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'a mapping';
  const text = JSON.stringify(value);
  // A URL or connection string may carry a password before the @.
  if (/:\/\/[^/]*@/.test(text)) return '(hidden)';
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}

export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${String(part)}`))
    .join('');
}
