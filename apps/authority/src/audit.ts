import { randomUUID } from 'node:crypto';
import type { Caller } from '#access';
import { ceHeaders, encodeAudit } from '#activity';
import { TOPICS, type Audit } from '#activity/types';
import type { Log } from '#stream';
import type { AuthorityMetrics } from './metrics.js';

/** One act of an orchestrator or a person: `done`, or `refused` when it was tried and turned down. */
export interface Act {
  caller: Caller;
  /** The name given with the request, where it differs from the credential's. */
  by?: string;
  action: string;
  subject: string;
  reason: string;
}

/** Puts acts on the `audit` topic. */
export class AuditTrail {
  constructor(
    private readonly log: Log,
    /** CloudEvents source: `authority/<id>`. */
    private readonly source: string,
    private readonly metrics: AuthorityMetrics,
  ) {}

  /** Resolves when it is durable: an act that cannot be recorded is answered as failed. */
  async record(act: Act, outcome: Audit['outcome']): Promise<void> {
    const { caller, by, action, subject, reason } = act;
    const who = by === undefined || by === caller.name ? caller.name : `${by} (credential ${caller.name})`;
    const audit = {
      id: randomUUID(),
      at: Date.now(),
      by: who,
      role: caller.role,
      action,
      subject,
      reason,
      outcome,
    };
    this.metrics.acts.inc({ action, outcome });
    const headers = ceHeaders(audit, this.source);
    await this.log.append(TOPICS.audit, [
      { key: audit.id, value: encodeAudit(audit), headers, partition: 0 },
    ]);
  }
}
