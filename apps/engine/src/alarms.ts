/** Alarms of the platform itself, on the same topic as the findings about agents. */
import { createHash } from 'node:crypto';
import type { Alert, Level } from '#activity/types';
import type { Parts } from './parts.js';
import { countFailure } from './patience.js';
import { Outbox } from './outbox.js';

export interface Alarm {
  /** What it is derived from: the same cause raised twice is the same alert. */
  cause: string[];
  level: Level;
  title: string;
  explanation: string;
  at: number;
  tenant?: string;
  /** Agent key, when it is about one. */
  agent?: string;
  task?: string | null;
  revocation?: string | null;
}

export function toAlert(parts: Pick<Parts, 'config' | 'policies'>, alarm: Alarm): Alert {
  const digest = createHash('sha256').update(alarm.cause.join('\n')).digest('hex').slice(0, 32);
  return {
    id: `${alarm.cause[0]}-${digest}`,
    tenant: alarm.tenant ?? parts.config.tenant,
    agent: alarm.agent ?? '',
    task: alarm.task ?? null,
    at: alarm.at,
    level: alarm.level,
    risk: 0,
    title: alarm.title,
    explanation: alarm.explanation,
    evidence: [],
    response: 'alert',
    observed: false,
    revocation: alarm.revocation ?? null,
    policy: parts.policies.active.policy,
    cause: '',
  };
}

/** Tells the SOC if the log takes it; the metric and the log line speak in any case. */
export async function raise(parts: Parts, alarm: Alarm): Promise<void> {
  parts.logger.error({ cause: alarm.cause, explanation: alarm.explanation }, alarm.title);
  const outbox = new Outbox(parts.source);
  try {
    outbox.addAlert(toAlert(parts, alarm));
    await outbox.publish(parts.log);
    parts.metrics.commands.inc({ type: 'alert' });
  } catch (error) {
    countFailure(parts, error);
    parts.logger.error({ error, title: alarm.title }, 'an alarm could not be published');
  }
}
