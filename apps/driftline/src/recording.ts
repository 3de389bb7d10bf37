/**
 * A recording of the activity log as JSON lines: `{"policy","document"}` for each policy that judged and
 * `{"activation":{"revision","policy","by","reason","atMs"}}` for each time one became active, then `{"partition","offset","appendTimeMs","activity"}` in log order per partition. What cannot be decoded is not activity
 * and is left to the dead letters; its line says so: `{"partition","offset","unreadable"}`.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { decodeActivity, encodeActivity } from '#activity';
import { TOPICS, type Activity } from '#activity/types';
import type { Policy } from '#drift';
import type { PolicySource, RecordedActivity } from '#engine';
import { activeAt, decodePolicy, defaultPolicy, isActivationKey, PolicyBook, type Activation } from '#policy';
import type { Log, LogRecord } from '#stream';
import { CommandError } from './errors.js';

export interface Recording {
  policies: Map<string, Policy>;
  /** Oldest first; none in a recording from before they were numbered. */
  activations: Activation[];
  activities: RecordedActivity[];
}

/** Longest line read: an activity at its limits as JSON is far below. */
const LINE_MAX_CHARS = 8 * 1024 * 1024;

/** Lines for everything on the log now, policies first. */
export async function* recordingLines(log: Log): AsyncGenerator<string> {
  const book = new PolicyBook(defaultPolicy());
  for (const record of await readAll(log, TOPICS.policies)) {
    book.take(record);
    const key = record.key?.toString() ?? '';
    if (record.value === null || isActivationKey(key)) continue;
    yield JSON.stringify({ policy: key, document: record.value.toString('base64') });
  }
  for (const activation of book.list()) yield JSON.stringify({ activation });
  for (const record of await readAll(log, TOPICS.activity)) {
    const { partition, offset, appendTimeMs } = record;
    yield JSON.stringify({ partition, offset, ...content(record, appendTimeMs) });
  }
}

function content(record: LogRecord, appendTimeMs: number): object {
  try {
    return { appendTimeMs, activity: decodeActivity(record.value ?? Buffer.alloc(0)) };
  } catch (error) {
    return { unreadable: (error as { code?: string }).code ?? 'unknown' };
  }
}

async function readAll(log: Log, topic: string): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  let fail: (error: Error) => void = () => undefined;
  const fatal = new Promise<never>((_, reject) => (fail = reject));
  const follower = await log.follow({
    topic,
    from: 'start',
    onRecords: (some) => void records.push(...some),
    onFatal: fail,
  });
  try {
    await Promise.race([follower.caughtUp, fatal]);
  } finally {
    await follower.stop();
  }
  return records;
}

/** Throws `CommandError` that names the line when it is not a recording. */
export async function readRecording(path: string): Promise<Recording> {
  const recording: Recording = { policies: new Map(), activations: [], activities: [] };
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() === '') continue;
    try {
      if (line.length > LINE_MAX_CHARS) throw new Error(`longer than ${LINE_MAX_CHARS} characters`);
      take(recording, JSON.parse(line) as Record<string, unknown>);
    } catch (error) {
      throw new CommandError(`${path}:${number}: not a line of a recording: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
  return recording;
}

function take(recording: Recording, line: Record<string, unknown>): void {
  if (typeof line['document'] === 'string') {
    const policy = decodePolicy(Buffer.from(line['document'], 'base64'));
    recording.policies.set(policy.digest, policy);
  } else if (line['activation'] !== undefined) {
    recording.activations.push(line['activation'] as Activation);
  } else if (line['unreadable'] === undefined) {
    const { partition, offset, appendTimeMs } = line as unknown as RecordedActivity;
    if (![partition, offset, appendTimeMs].every(Number.isSafeInteger)) throw new Error('no log position');
    recording.activities.push({
      partition,
      offset,
      appendTimeMs,
      activity: checked(line['activity'] as Activity),
    });
  }
}

/** What judged, as the engines knew it. */
export function policiesOf({ policies, activations }: Recording): PolicySource {
  return {
    get: (digest) => policies.get(digest) ?? null,
    at: (appendTimeMs) => activeAt(activations, appendTimeMs),
  };
}

/** Through the codec once, so that a file is believed no more than the wire. */
function checked(activity: Activity): Activity {
  return decodeActivity(encodeActivity(activity));
}
