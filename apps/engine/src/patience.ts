import { setTimeout as sleep } from 'node:timers/promises';
import { AppendFailed, PartitionHalted, PartitionLost, UnknownTopic, type BatchContext } from '#stream';
import { StoreError } from '#store';
import { RETRY_FIRST_MS, RETRY_MAX_MS } from './limits.js';
import { codeOf } from './metrics.js';
import type { Parts } from './parts.js';

/** As much of a batch as waiting needs. */
export type Waiting = Pick<BatchContext, 'heartbeat' | 'stale'>;

/**
 * Tries until it works: what is away comes back, and the place is kept meanwhile, with a heartbeat between attempts.
 * Throws what waiting cannot cure, and `PartitionLost` once the partition was taken away.
 */
export async function patiently<T>(
  parts: Pick<Parts, 'metrics' | 'logger'>,
  where: { topic: string; partition: number },
  context: Waiting,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
    try {
      return await attempt();
    } catch (error) {
      countFailure(parts, error);
      if (!isCurable(error)) throw error;
      const why = { error, ...where, waitMs };
      if (waitMs === RETRY_FIRST_MS)
        parts.logger.warn(why, 'store or log is away: waiting, the place is kept');
    }
    await sleep(waitMs);
    if (context.stale()) throw new PartitionLost(where.topic, where.partition);
    await context.heartbeat();
  }
}

/** Whether what failed can work later without anybody doing anything here. */
export function isCurable(error: unknown): boolean {
  if (error instanceof StoreError) return error.retryable;
  if (error instanceof AppendFailed)
    return error.code === 'append-timeout' || error.code === 'append-queue-full';
  if (error instanceof PartitionHalted || error instanceof PartitionLost || error instanceof UnknownTopic) {
    return false;
  }
  // What the log's client throws for reads while a broker is away has no class of ours; a defect has a built-in one.
  return error instanceof Error && !DEFECTS.has(error.constructor);
}

const DEFECTS = new Set<unknown>([TypeError, RangeError, ReferenceError, SyntaxError, EvalError]);

export function countFailure(parts: Pick<Parts, 'metrics'>, error: unknown): void {
  const counter = error instanceof StoreError ? parts.metrics.storeErrors : parts.metrics.logErrors;
  counter.inc({ code: codeOf(error) });
}
