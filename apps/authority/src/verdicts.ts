/** A person's verdict on an alert, put on the log of the agent it was about. */
import { AccessError, VERDICT_MAX_MS, type VerdictRequest, type VerdictView } from '#access';
import type { Alert, VerdictGiven } from '#activity/types';
import { assess, isImplicit, riskView } from '#drift';
import { parseAgentKey, type AgentName } from './agent-keys.js';
import type { Agents } from './agents.js';
import type { Alerts } from './alerts.js';
import type { ActivityRecords } from './records.js';

export interface VerdictsParts {
  alerts: Alerts;
  agents: Agents;
  records: ActivityRecords;
}

export class Verdicts {
  constructor(private readonly parts: VerdictsParts) {}

  /**
   * Pending, so that the next decision knows of it, and durable on the log when this resolves. What it lifts is lifted
   * by the engine, from the log. Throws `not-found`, `invalid`.
   */
  async give(id: string, request: VerdictRequest): Promise<VerdictView> {
    const { alerts, agents, records } = this.parts;
    requireTime(request.untilMs, Date.now());
    const alert = await alerts.find(id);
    if (alert === null)
      throw new AccessError('not-found', `no alert ${id} is known; alerts are kept for 90 days`);
    const given = this.given(alert, whoOf(alert), request);
    await records.put(given);
    const now = await agents.read(alert.agent);
    const known = now.pending.some((pending) => pending.id === given.id);
    const before = agents.folded(now);
    // Folded by the engine already, it is a repeated one here, and changes nothing.
    const state = known ? before : assess(now.policy, before, given).state;
    const { task, evidence } = alert;
    const view = state && riskView(now.policy, state, task, Date.now());
    return {
      alert: id,
      agent: alert.agent,
      task,
      evidence: evidence.map(({ key }) => key),
      risk: view?.risk ?? 0,
      level: view?.level ?? 'normal',
    };
  }

  private given(alert: Alert, who: AgentName, request: VerdictRequest): VerdictGiven {
    const { verdict, scope, untilMs, by, reason } = request;
    const task = alert.task === null || isImplicit(alert.task) ? null : alert.task;
    return {
      ...this.parts.records.reporter.base({ ...who, task }, Date.now()),
      type: 'VerdictGiven',
      alert: alert.id,
      verdict,
      scope,
      until: untilMs,
      by,
      reason,
      evidence: alert.evidence.map(({ key }) => key),
    };
  }
}

function requireTime(untilMs: number, nowMs: number): void {
  if (untilMs <= nowMs)
    throw new AccessError('invalid', 'the verdict would have ended already: untilMs lies in the past');
  if (untilMs <= nowMs + VERDICT_MAX_MS) return;
  const days = VERDICT_MAX_MS / 86_400_000;
  throw new AccessError(
    'invalid',
    `a verdict holds for at most ${days} days; what holds longer belongs in the policy`,
  );
}

/** Alarms of the platform itself speak of no agent, or of nothing that counts against one. */
function whoOf({ id, agent, evidence }: Alert): AgentName {
  const who = parseAgentKey(agent);
  if (who !== null && evidence.length > 0) return who;
  throw new AccessError('invalid', `alert ${id} shows no evidence about an agent: there is nothing to judge`);
}
