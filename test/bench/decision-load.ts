/** What is asked when, the same in the process that asks and in the one that reports. */
import { ActivityReporter } from '#access';
import type { ToolCall } from '#activity/types';
import { Load } from './load.js';

export const RATE_PER_SECOND = 2_000;
const SECONDS = 10;
/** At half the rate, until compilers (of the broker too) and connections are warm. */
const WARM_UP_SECONDS = 16;
const WARM_UP_RATE_PER_SECOND = RATE_PER_SECOND / 2;
export const WARM_UP = WARM_UP_RATE_PER_SECOND * WARM_UP_SECONDS;
export const QUESTIONS = WARM_UP + RATE_PER_SECOND * SECONDS;
export const AGENTS = 2_000;

/** When a question should be sent, in ms from the start. */
export function dueMs(number: number): number {
  if (number < WARM_UP) return (number * 1_000) / WARM_UP_RATE_PER_SECOND;
  return WARM_UP_SECONDS * 1_000 + ((number - WARM_UP) * 1_000) / RATE_PER_SECOND;
}

/** What `gateway/bench` reports as. Without a log behind it only a source of ids. */
export function reporterOf(
  sink: ConstructorParameters<typeof ActivityReporter>[0]['sink'],
  partitions: number,
): ActivityReporter {
  return new ActivityReporter({ sink, partitions, source: 'gateway/bench', instance: 'gateway-bench-1' });
}

/** All calls, each with the time at which it will be asked. */
export function calls(startAtMs: number): ToolCall[] {
  const load = new Load({ seed: 5, agents: AGENTS, stepMs: 1 });
  const reporter = reporterOf({ append: () => Promise.resolve() }, 1);
  return Array.from({ length: QUESTIONS }, (_, number) => {
    for (;;) {
      const activity = load.next();
      if (activity.type !== 'ToolCall') continue;
      const base = reporter.base(activity, Math.round(startAtMs + dueMs(number)));
      return { ...activity, ...base, callId: activity.id };
    }
  });
}
