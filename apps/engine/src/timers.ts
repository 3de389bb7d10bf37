import { setTimeout as sleep } from 'node:timers/promises';

export interface Repeating {
  /** Ends it; resolves when a run in progress has ended. */
  stop(): Promise<void>;
}

/** Runs `work` again and again, `everyMs` after it ended: never two at once. `work` must not throw. */
export function repeat(everyMs: number, work: () => Promise<void>): Repeating {
  const end = new AbortController();
  const run = async () => {
    while (!end.signal.aborted) {
      // The wait ends early when it is over; there is nothing else to hear from it.
      await sleep(everyMs, undefined, { signal: end.signal }).catch(() => undefined);
      if (!end.signal.aborted) await work();
    }
  };
  const running = run();
  return {
    stop: () => {
      end.abort();
      return running;
    },
  };
}

/** Waits for at most `ms`; what takes longer is left to the end of the process. */
export async function bounded(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, deadline]);
  clearTimeout(timer);
}
