/**
 * Reads turn into writes, deletes, sends … against something: the scope, what was read, or the precedent of this agent.
 * A write after a read alone is ordinary work and says nothing.
 * Evidence: one piece per effect and ground; against the scope half weight (the scope detector speaks too), after
 * sensitive reads by the sensitivity of what was read, against precedent by how rare the effect is.
 * Limits: precedent counts once the profile has enough calls; an effect that the scope approves is no escalation
 * against precedent; a class that the scope names is not held against what follows.
 */
import type { Effect, ToolCall } from '#activity/types';
import { markShare } from '../marks.js';
import { decayTo, effectCount, surpriseBits } from '../profile.js';
import type { OpenTask } from '../state.js';
import { sensitivityOf } from '../sensitivity.js';
import { NOTHING, option, type Detector, type Look, type Sighting } from './detector.js';

const SCOPE_SHARE = 0.5;
const PRECEDENT_SHARE = 0.6;
/** Nothing says that such a call goes outside: it may well stay inside. */
const MAYBE_INSIDE_SHARE = 0.5;
/** Imagined calls and the rate of any effect among them, before there is a profile. */
const PRECEDENT_STRENGTH = 2;
const PRECEDENT_PRIOR = 0.15;
/** Effects by which something leaves, runs or is gone for good, whatever it is aimed at. */
const WAYS_OUT: ReadonlySet<Effect> = new Set(['send', 'execute', 'admin', 'delete', 'unknown']);

export const escalation: Detector = {
  name: 'escalation',
  onCall(look, call) {
    if (call.effect === 'read') return NOTHING;
    const found = [againstScope(look, call), afterReading(look, call), againstPrecedent(look, call)];
    return found.filter((sighting) => sighting !== null);
  },
};

function againstScope({ task }: Look, call: ToolCall): Sighting | null {
  const approved = task?.scope?.effects;
  if (!approved || approved.includes(call.effect)) return null;
  const what = approved.length === 0 ? 'nothing' : approved.join(', ');
  const explanation = `Task ${task.id} was approved to ${what}; the agent went on to ${call.effect} with ${nameOf(call)}.`;
  return { kind: `escalation/scope/${call.effect}`, share: SCOPE_SHARE, explanation };
}

function afterReading(look: Look, call: ToolCall): Sighting | null {
  const { task, settings } = look;
  if (!task || task.marks.length === 0 || !leaves(call) || recipientApproved(task, call)) return null;
  const read = mostSensitiveRead(look, task);
  if (read === null || read.share < option(settings, 'minSensitivity')) return null;
  const explanation = `After reading ${read.name} data the agent went on to ${call.effect} with ${nameOf(call)}.`;
  const outside = call.destination?.place === 'external' || carries(call, read.name);
  const kind = `escalation/read/${read.name}`;
  // Whom it went to is part of it: what was settled for one recipient says nothing of another.
  const whom = call.destination === null ? '' : `/${call.destination.print}`;
  return outside
    ? { kind: `${kind}/${call.effect}${whom}`, share: read.share, explanation }
    : { kind, share: read.share * MAYBE_INSIDE_SHARE, explanation };
}

/** The same class is in what is sent: it need not be the same data, but it is leaving. */
function carries(call: ToolCall, read: string): boolean {
  return call.effect === 'send' && call.dataClasses.includes(read);
}

function leaves(call: ToolCall): boolean {
  return WAYS_OUT.has(call.effect) || (call.destination !== null && call.destination.place !== 'internal');
}

function recipientApproved(task: OpenTask, call: ToolCall): boolean {
  return call.destination !== null && (task.scope?.destinations?.includes(call.destination.print) ?? false);
}

function mostSensitiveRead(look: Look, task: OpenTask): { name: string; share: number } | null {
  const { policy, now } = look;
  let most: { name: string; share: number } | null = null;
  for (const mark of task.marks) {
    if (mark.what !== 'class' || task.scope?.dataClasses?.includes(mark.name)) continue;
    const share =
      sensitivityOf(policy.dataClasses, mark.name) * markShare(mark, now, policy.exposureHalfLifeMs);
    if (most === null || share > most.share) most = { name: mark.name, share };
  }
  return most;
}

function againstPrecedent(look: Look, call: ToolCall): Sighting | null {
  const { task, settings, policy, now } = look;
  if (task?.scope?.effects?.includes(call.effect)) return null;
  const { profile } = look.state;
  const decay = decayTo(profile, now, policy.profileHalfLifeMs);
  const calls = profile.calls * decay;
  if (calls < option(settings, 'matureCalls')) return null;
  const seen = effectCount(profile, call.effect, decay);
  const bits = surpriseBits(seen, calls, PRECEDENT_PRIOR, PRECEDENT_STRENGTH);
  if (bits < option(settings, 'minBits')) return null;
  const explanation = `In about ${Math.round(calls)} calls this agent has ${seen < 0.5 ? 'never' : 'hardly ever'} done a ${call.effect}; now it did, with ${nameOf(call)} (${bits.toFixed(1)} bits of surprise).`;
  return { kind: `escalation/precedent/${call.effect}`, share: PRECEDENT_SHARE, explanation };
}

function nameOf(call: ToolCall): string {
  return `${call.server}/${call.tool}`;
}
