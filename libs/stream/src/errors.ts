/** Errors of the log. Each has a stable `code`; the message says what was expected, what came and what to do. */

/** Base of all errors of this library. */
export class LogError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Thrown by a `PartitionHandler` to leave its partition stopped until a person acts; the others go on. */
export class PartitionHalted extends LogError {}

/** The position asked for is not on the log (any more): never answered by a silent jump. */
export class LogTruncated extends LogError {
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly position: number,
    bounds: { start: number; end: number },
  ) {
    super(
      'log-truncated',
      `Position ${position} of ${topic}/${partition} is not on the log: it holds ${bounds.start} to ${bounds.end}. ` +
        'Records were removed before they were read, or this is another log. Nothing is skipped silently: ' +
        'decide where to continue and restart.',
    );
  }
}

/** The partition was given to another consumer, or this one is stopping: do not write any more. */
export class PartitionLost extends LogError {
  constructor(topic: string, partition: number) {
    super('partition-lost', `${topic}/${partition} was taken away: end the batch without writing.`);
  }
}

/**
 * An append did not become durable in time. `outcome` is `not-appended` (it never left the queue: safe to repeat)
 * or `unknown` (it was sent and may still become durable: repeat only what readers drop as a duplicate).
 */
export class AppendFailed extends LogError {
  constructor(
    code: 'append-timeout' | 'append-queue-full' | 'append-refused' | 'append-closed',
    readonly outcome: 'not-appended' | 'unknown',
    message: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}

/** No such topic or partition. */
export class UnknownTopic extends LogError {
  constructor(topic: string, partition?: number) {
    const what = partition === undefined ? `Topic ${topic}` : `Partition ${topic}/${partition}`;
    super('unknown-topic', `${what} does not exist. Create it first (\`ensureTopics\`).`);
  }
}

/** A topic exists, but not as Driftline needs it. */
export class TopicMisconfigured extends LogError {
  constructor(topic: string, problem: string) {
    super('topic-misconfigured', `Topic ${topic}: ${problem}`);
  }
}

/** Another process holds the data directory. */
export class DataDirLocked extends LogError {
  constructor(
    readonly dir: string,
    readonly holder: { pid: number; since: string; command: string },
  ) {
    super(
      'data-dir-locked',
      `${dir} is in use by process ${holder.pid} (${holder.command}) since ${holder.since}. ` +
        'One embedded log has one process: stop that one first, or give this one another dataDir.',
    );
  }
}
