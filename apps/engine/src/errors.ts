/** Errors of the engine. Each has a stable `code`; the message says what was expected, what came and what to do. */

export type EngineErrorCode =
  /** The marker was written for another log. */
  | 'DL_ENGINE_LOG_CHANGED'
  /** The record at the marker is not the one that was folded. */
  | 'DL_ENGINE_RECORD_CHANGED'
  /** The marker is past the end of the log. */
  | 'DL_ENGINE_MARKER_PAST_END'
  /** The log starts after the marker: records may be gone that were never folded. */
  | 'DL_ENGINE_LOG_TRUNCATED'
  /** The activity topic has another number of partitions than the one states were folded with. */
  | 'DL_ENGINE_PARTITIONS_CHANGED'
  /** State or log names a policy that is neither configured nor on the `policies` topic. */
  | 'DL_ENGINE_POLICY_UNKNOWN'
  /** What is kept for a partition cannot be read. */
  | 'DL_ENGINE_STATE_UNREADABLE'
  /** The store refuses for a reason that waiting does not cure. */
  | 'DL_ENGINE_STORE_REFUSED'
  /** The log refuses for a reason that waiting does not cure. */
  | 'DL_ENGINE_LOG_REFUSED';

/** Codes of dead letters that the engine itself writes; those of the wire are `DL_WIRE_*`. */
export const DEAD_LETTER = {
  /** The activity's agent belongs to another partition: its state is folded there. */
  wrongPartition: 'DL_ENGINE_WRONG_PARTITION',
  /** Well-formed, and the core failed on it. */
  notFolded: 'DL_ENGINE_NOT_FOLDED',
} as const;

export class EngineError extends Error {
  override readonly name = 'EngineError';

  constructor(
    readonly code: EngineErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
