import type { ContainmentEvent } from '#revocation';
import type { Alarm } from './alarms.js';

/** What the SOC is told of a containment event; null = good news, which only metrics hear. */
export function toAlarm(event: ContainmentEvent): Alarm | null {
  switch (event.type) {
    case 'contained':
      return null;
    case 'not-contained':
      return {
        cause: ['not-contained', event.revocation.id],
        level: 'critical',
        title: 'A revocation is not contained',
        explanation:
          `Revocation ${event.revocation.id} is not enforced everywhere for ${event.effects.join(', ')}: ` +
          `${event.missing.length} gateway instance(s) neither confirmed it nor fell to a fail mode that closes these ` +
          `effects (${event.missing.slice(0, 8).join(', ')}). ` +
          'Stop them, or say by name that they are gone: driftline remove-gateway.',
        at: event.atMs,
        tenant: event.revocation.tenant,
        agent: event.revocation.agent ?? '',
        task: event.revocation.task,
        revocation: event.revocation.id,
      };
    case 'silent':
      return {
        cause: ['gateway-silent', event.instance, String(event.heardAtMs)],
        level: 'high',
        title: `Gateway ${event.gateway} is silent`,
        explanation:
          `Instance ${event.instance} was last heard ${event.atMs - event.heardAtMs} ms ago and has not said goodbye. ` +
          'It stays in the set: what its fail mode leaves open counts as not contained until it is heard, or a named ' +
          `person removes it: driftline remove-gateway ${event.gateway} ${event.instance}`,
        at: event.atMs,
      };
    case 'may-have-taken-effect':
      return {
        cause: ['may-have-taken-effect', event.revocation, event.instance, event.callId],
        level: 'high',
        title: 'A revoked call may have taken effect',
        explanation:
          `Call ${event.callId} (${event.effect ?? 'unknown'}) was in flight at gateway ${event.gateway} when revocation ` +
          `${event.revocation} arrived; its outcome is ${event.outcome}. Check what it did.`,
        at: event.atMs,
        ...(event.tracked && { tenant: event.tracked.tenant, agent: event.tracked.agent ?? '' }),
        task: event.tracked?.task ?? null,
        revocation: event.revocation,
      };
  }
}
