/**
 * Names of everything in Redis. All of one partition share the hash tag `{activity/3}`, so that a batch is one script
 * in Redis Cluster too:
 *
 * - `dl:{activity/3}:m` marker, `dl:{activity/3}:c` currency
 * - `dl:{activity/3}:s:<agent key>` state, `dl:{activity/3}:p:<agent key>` pending list
 * - `dl:{activity/3}:t:<task>` agent key of a task
 * - `dl:pin:<name>` values that are set once
 */
import type { PartitionId } from '../port.js';

export const DEFAULT_KEY_PREFIX = 'dl';

export class Keys {
  constructor(private readonly prefix: string) {}

  marker(partition: PartitionId): string {
    return `${this.#tagged(partition)}:m`;
  }

  currency(partition: PartitionId): string {
    return `${this.#tagged(partition)}:c`;
  }

  state(partition: PartitionId, agentKey: string): string {
    return this.statePrefix(partition) + agentKey;
  }

  /** What the names of all states of a partition begin with. */
  statePrefix(partition: PartitionId): string {
    return `${this.#tagged(partition)}:s:`;
  }

  pending(partition: PartitionId, agentKey: string): string {
    return `${this.#tagged(partition)}:p:${agentKey}`;
  }

  task(partition: PartitionId, task: string): string {
    return `${this.#tagged(partition)}:t:${task}`;
  }

  pin(name: string): string {
    return `${this.prefix}:pin:${name}`;
  }

  #tagged(partition: PartitionId): string {
    return `${this.prefix}:{${partition}}`;
  }
}

/** `text` as a Redis glob that matches only itself. */
export function globLiteral(text: string): string {
  return text.replace(/[\\*?[\]^]/g, '\\$&');
}
