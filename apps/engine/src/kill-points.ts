/**
 * Named points at which a test has this process killed, to prove that each step of a batch may be the last one.
 * Nothing happens unless `DRIFTLINE_KILL_AT` is set to `load`, `publish`, `store` or `reply`, optionally with
 * `:<n>` for the n-th time it is passed (`publish:3`):
 *
 *   load     states are loaded and assessed, nothing is published
 *   publish  commands and alerts are durable, nothing is stored
 *   store    the commit was sent and had time to be applied, its reply was never seen
 *   reply    the commit's reply was seen, nothing after it
 */
import { setTimeout as sleep } from 'node:timers/promises';

export type KillPoint = 'load' | 'publish' | 'store' | 'reply';

/** Long enough for a local store to apply what was sent. */
const APPLIED_MS = 50;

const [armed, count] = (process.env['DRIFTLINE_KILL_AT'] ?? '').split(':');
let left = Number(count ?? 1);

/** Does not return when this is the point that was asked for. */
export function killPoint(point: KillPoint): void {
  if (point !== armed || (left -= 1) > 0) return;
  process.kill(process.pid, 'SIGKILL');
}

/** The point between a write and its reply: the write gets its time first, and only when a test asked for it. */
export async function killPointAfterSend(reply: Promise<unknown>): Promise<void> {
  if (armed !== 'store') return;
  // Whoever awaits the reply later hears of its failure.
  reply.catch(() => undefined);
  if (left <= 1) await sleep(APPLIED_MS);
  killPoint('store');
}
