import { clipText, LIMITS, type DeadLetter } from './types.js';

/** The parts of a log record that a dead letter keeps. */
interface FailedRecord {
  topic: string;
  partition: number;
  offset: number;
  key: Uint8Array | null;
  value: Uint8Array | null;
}

/** Code of errors that have none: still a stable word for metrics. */
const UNCODED = 'DL_UNKNOWN';
/** Longest code that is taken from an error. */
const CODE_BYTES = 64;

/**
 * The dead letter of a record that could not be decoded, validated or folded: reason, place and original bytes, cut to what
 * fits the log (`valueBytes` tells). Always encodable, whatever `error` is.
 */
export function toDeadLetter(record: FailedRecord, error: unknown, atMs: number): DeadLetter {
  const code = (error as { code?: unknown } | null)?.code;
  const message = error instanceof Error ? error.message : String(error);
  const value = record.value ?? new Uint8Array(0);
  return {
    code: typeof code === 'string' && code !== '' ? clipText(code, CODE_BYTES) : UNCODED,
    reason: clipText(message, LIMITS.textBytes),
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    at: atMs,
    key: record.key === null ? null : record.key.subarray(0, LIMITS.deadLetterKeyBytes),
    value: value.subarray(0, LIMITS.deadLetterValueBytes),
    valueBytes: value.length,
  };
}
