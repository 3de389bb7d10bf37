/** When a long-running command ends: on SIGINT or SIGTERM, or because a part cannot go on. */

/** After the first signal, this long to stop in order; then the process ends anyway. */
const STOP_DEADLINE_MS = 15_000;

export interface Stopping {
  /** Resolves on a signal, rejects with what a part said. */
  stopped: Promise<void>;
  fail: (error: Error) => void;
}

export function untilStopped(): Stopping {
  let fail: (error: Error) => void = () => undefined;
  const stopped = new Promise<void>((resolve, reject) => {
    const stop = () => {
      setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref();
      resolve();
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    fail = reject;
  });
  // A part may fail before anyone waits; whoever waits later still hears of it.
  stopped.catch(() => undefined);
  return { stopped, fail };
}
