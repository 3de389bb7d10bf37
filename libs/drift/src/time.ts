import type { Activity } from '#activity/types';

/**
 * The activity with its time brought within `maxSkewMs` of the log's append time (design §4, "Time").
 * The very same object when nothing had to change; another one = clamped, which the caller counts per gateway.
 */
export function clampTime<T extends Activity>(activity: T, appendTimeMs: number, maxSkewMs: number): T {
  const time = Math.min(Math.max(activity.time, appendTimeMs - maxSkewMs), appendTimeMs + maxSkewMs);
  return time === activity.time ? activity : { ...activity, time };
}
