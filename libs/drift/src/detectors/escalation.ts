/**
 * Reads turn into writes, deletes, sends … against something: the scope, or the precedent of this agent or its peers. A
 * write after a read alone is ordinary work and says nothing; what was read is the exposure detector's, which knows whether it can leave.
 * Evidence: one piece per effect and ground; against the scope half weight (the scope detector speaks too), against
 * precedent by how rare the effect is.
 * Limits: precedent counts once the profile, or that of its peers, has enough calls; an effect that the scope approves is no escalation
 * against precedent.
 */
import type { ToolCall } from '#activity/types';
import { peersOf } from '../peers.js';
import { decayTo, effectCount, experienceFor, surpriseBits } from '../profile.js';
import { NOTHING, option, type Detector, type Look, type Sighting } from './detector.js';

const SCOPE_SHARE = 0.5;
/** Of a scope that nobody approved. */
const ESTIMATED_SHARE = 0.2;
const PRECEDENT_SHARE = 0.6;
/** Imagined calls and the rate of any effect among them, before there is a profile. */
const PRECEDENT_STRENGTH = 2;
const PRECEDENT_PRIOR = 0.15;

export const escalation: Detector = {
  name: 'escalation',
  onCall(look, call) {
    if (call.effect === 'read') return NOTHING;
    const scope = againstScope(look, call);
    const precedent = againstPrecedent(look, call);
    if (scope === null) return precedent === null ? NOTHING : [precedent];
    return precedent === null ? [scope] : [scope, precedent];
  },
};

function againstScope({ task }: Look, call: ToolCall): Sighting | null {
  const approved = task?.scope?.effects;
  if (!approved || approved.includes(call.effect)) return null;
  const what = approved.length === 0 ? 'nothing' : approved.join(', ');
  const explanation = `Task ${task.id} was approved to ${what}; the agent went on to ${call.effect} with ${nameOf(call)}.`;
  if (!task.scope?.estimated)
    return { kind: `escalation/scope/${call.effect}`, share: SCOPE_SHARE, explanation };
  return { kind: `escalation/estimated/${call.effect}`, share: SCOPE_SHARE * ESTIMATED_SHARE, explanation };
}

function againstPrecedent(look: Look, call: ToolCall): Sighting | null {
  const { task, settings, policy, now } = look;
  if (task?.scope?.effects?.includes(call.effect)) return null;
  const { profile } = look.state;
  const decay = decayTo(profile, now, policy.profileHalfLifeMs);
  const calls = experienceFor(task, profile.calls * decay);
  const mature = option(settings, 'matureCalls');
  const peers = peersOf(policy, look.state);
  const known = peers !== null && peers.counts.calls >= mature ? peers : null;
  if (calls < mature && known === null) return null;
  const seen = effectCount(profile, call.effect, decay);
  // What peers do counts like that many calls of its own.
  const prior = known?.effectRate(call.effect, PRECEDENT_PRIOR) ?? PRECEDENT_PRIOR;
  const bits = surpriseBits(seen, calls, prior, known === null ? PRECEDENT_STRENGTH : mature);
  if (bits < option(settings, 'minBits')) return null;
  const others = known === null ? '' : ', and its peers hardly ever do';
  const explanation = `In about ${Math.round(calls)} calls this agent has ${seen < 0.5 ? 'never' : 'hardly ever'} done a ${call.effect}${others}; now it did, with ${nameOf(call)} (${bits.toFixed(1)} bits of surprise).`;
  return { kind: `escalation/precedent/${call.effect}`, share: PRECEDENT_SHARE, explanation };
}

function nameOf(call: ToolCall): string {
  return `${call.server}/${call.tool}`;
}
