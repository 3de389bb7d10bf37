import type { ToolCall } from '#activity/types';

/** How long a window is over which calls, bytes, records and targets are added up. */
export const WINDOW_MS = 10 * 60_000;

/** What a call reaches: where it goes, or what it changes. Null = neither; what is only read is no target. */
export function targetOf(call: ToolCall): string | null {
  if (call.destination !== null) return call.destination.print;
  return call.effect === 'read' ? null : call.resource;
}
