import { DecodeError, decodeActivity, toDeadLetter } from '#activity';
import type { Activity, DeadLetter } from '#activity/types';
import type { LogRecord } from '#stream';

/** What a record of the activity topic turned out to be. */
export type ReadRecord =
  | { record: LogRecord; activity: Activity; letter: null }
  | { record: LogRecord; activity: null; letter: DeadLetter };

const EMPTY = new Uint8Array(0);

/** Whatever the bytes are: an activity, or a dead letter that keeps them. */
export function readRecord(record: LogRecord): ReadRecord {
  try {
    return { record, activity: decodeActivity(record.value ?? EMPTY), letter: null };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { record, activity: null, letter: toDeadLetter(record, error, record.appendTimeMs) };
  }
}
