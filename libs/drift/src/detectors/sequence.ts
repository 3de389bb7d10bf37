/**
 * Rules of the policy over steps that follow one another, with anything between them, hours apart, in one task, one
 * agent or one principal's work; a step may also have to be absent.
 * Evidence: one piece per rule, and per recipient where the last step goes to one, with the rule's own weight and
 * half-life; half of it where it rests on a value that had to be dropped.
 * Limits: progress is constant in size per rule (`sequences/chains.ts`); steps count in the order in which they are
 * folded; what must not be absent is judged at the next call or result, and at the end of its task.
 */
import { matchesAtEnd, matchesOf, follow, beginTask, type Match } from '../sequences/matcher.js';
import { NOTHING, type Detector, type Look, type Sighting } from './detector.js';

/** Nobody can tell whether it was the same value. */
const UNSURE_SHARE = 0.5;

export const sequence: Detector = {
  name: 'sequence',
  onCall(look, call) {
    const matches = matchesOf(look.policy, look, call, look.now);
    // Whom it went to is part of it: what was settled for one recipient says nothing of another.
    return sightings(look, matches, call.destination === null ? '' : `/${call.destination.print}`);
  },
  onResult(look, result) {
    return sightings(look, matchesOf(look.policy, look, result, look.now), '');
  },
  onTaskEnded(look) {
    return look.task === null ? NOTHING : sightings(look, matchesAtEnd(look.policy, look.task, look.now), '');
  },
  rememberCall(memory, call) {
    follow(memory.policy, memory, call, memory.now);
  },
  rememberResult(memory, result) {
    follow(memory.policy, memory, result, memory.now);
  },
  rememberTask(memory) {
    beginTask(memory.policy, memory);
  },
};

function sightings({ settings }: Look, matches: readonly Match[], whom: string): readonly Sighting[] {
  if (matches.length === 0) return NOTHING;
  return matches.map(({ rule, unsure, completed, explanation }) => ({
    kind: `sequence/${rule.id}${completed ? whom : ''}`,
    share: Math.min(1, rule.weight / settings.weight) * (unsure ? UNSURE_SHARE : 1),
    explanation,
    halfLifeMs: rule.halfLifeMs ?? settings.halfLifeMs,
    observed: rule.mode === 'observe',
  }));
}
