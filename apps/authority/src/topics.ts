import { TOPICS } from '#activity/types';
import { LogError, type Log } from '#stream';
import type { Logger } from '#telemetry';

/** An engine of the same deployment creates the topics; it may start after this. */
const WAIT_MAX_MS = 60_000;
const ASK_EVERY_MS = 500;

/** Partitions of the activity topic, once there is one. Throws what the log says when nobody created it in a minute. */
export async function activityPartitions(log: Log, logger: Logger): Promise<number> {
  const until = Date.now() + WAIT_MAX_MS;
  for (let told = false; ; told = true) {
    try {
      return await log.partitions(TOPICS.activity);
    } catch (error) {
      const missing = error instanceof LogError && error.code === 'unknown-topic';
      if (!missing || Date.now() > until) throw error;
    }
    if (!told) logger.info({ topic: TOPICS.activity }, 'waiting for an engine to create the topics');
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}
