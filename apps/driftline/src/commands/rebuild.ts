/** `driftline rebuild PARTITION`: a person's answer to a halted partition. Forgets its states; the log folds them again. */
import { randomUUID } from 'node:crypto';
import { ceHeaders, encodeAudit } from '#activity';
import { TOPICS } from '#activity/types';
import { rebuildPartition } from '#engine';
import type { PartitionId } from '#store';
import type { Log } from '#stream';
import { CommandError } from '../errors.js';
import { openEngineParts } from '../runtime.js';

export interface RebuildOptions {
  config?: string;
  by: string;
  reason: string;
}

/**
 * Works on log and store themselves, since the engines that own the partition are stopped meanwhile. Throws
 * `CommandError` when there is no such partition, and what the engine says when another process still writes it.
 */
export async function rebuild(partition: number, options: RebuildOptions): Promise<void> {
  const parts = await openEngineParts({ configPath: options.config, service: 'rebuild', logLevel: 'warn' });
  const { log, store } = parts;
  try {
    const partitions = await log.partitions(TOPICS.activity);
    if (partition >= partitions)
      throw new CommandError(`expected a partition from 0 to ${partitions - 1}, got ${partition}`);
    const id: PartitionId = `activity/${partition}`;
    const { states, from } = await rebuildPartition({ log, store }, TOPICS.activity, partition, id);
    await audit(log, id, options);
    process.stdout.write(
      `${id}: forgotten (${states} records of state); an engine folds it again from offset ${from}. Start the engines.\n`,
    );
  } finally {
    await parts.close();
  }
}

async function audit(log: Log, subject: string, { by, reason }: RebuildOptions): Promise<void> {
  const act = { action: 'rebuild-partition', subject, reason, by, role: 'person', outcome: 'done' as const };
  const record = { id: randomUUID(), at: Date.now(), ...act };
  const headers = ceHeaders(record, 'command/rebuild');
  await log.append(TOPICS.audit, [{ key: record.id, value: encodeAudit(record), headers, partition: 0 }]);
}
