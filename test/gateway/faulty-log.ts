/** The real log behind a door that a test can shut: what a gateway sees of a log that is away. */
import type { Log } from '#stream';

export interface FaultyLog extends Log {
  /** `refuse` = every append fails at once; `hang` = none is answered; `pass` = open again. */
  mode: 'pass' | 'refuse' | 'hang';
}

/** Only appends to `topics` are touched. */
export function faulty(log: Log, topics: string[]): FaultyLog {
  const door = Object.create(log) as FaultyLog;
  door.mode = 'pass';
  door.append = (topic, records) => {
    if (!topics.includes(topic) || door.mode === 'pass') return log.append(topic, records);
    if (door.mode === 'refuse') return Promise.reject(new Error('the log is away'));
    return new Promise(() => undefined);
  };
  return door;
}
