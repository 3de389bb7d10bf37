/** The policy a gateway goes by: how calls are classified, and which ones are asked about. */
import type { Policy } from '#drift';
import { PolicyTopic } from '#policy';
import type { Log } from '#stream';
import type { Logger } from '#telemetry';

/** What is active at this moment: read it for each call, never keep it. */
export interface ActivePolicy {
  readonly active: Policy;
}

/**
 * Follows what is activated; the configured one holds as long as nothing is. Where this version cannot read the active
 * one, the newest before it holds, and that is said. Resolves once everything that was there is known.
 */
export async function followPolicies(parts: {
  log: Log;
  configured: Policy;
  logger: Logger;
  onFatal: (error: Error) => void;
}): Promise<ActivePolicy & { stop(): Promise<void> }> {
  const { log, configured, logger, onFatal } = parts;
  const topic = await PolicyTopic.open({
    log,
    configured,
    onActivated: ({ revision, policy, by }) => logger.info({ revision, policy, by }, 'policy activated'),
    onUnreadable: (key, offset, error) => logger.error({ error, key, offset }, 'unreadable policy record'),
    onFatal,
  });
  return {
    get active() {
      return topic.book.policy;
    },
    stop: () => topic.stop(),
  };
}
