/** The detectors at work: what they see in an activity becomes evidence, what they need later is remembered. */
import type { Detector, Look, Memory, Sighting } from './detectors/detector.js';
import { DETECTORS } from './detectors/index.js';
import { evidenceKey, isSettled, withEvidence } from './evidence.js';
import { isExcused } from './exceptions.js';
import { FAINT_WEIGHT } from './limits.js';
import type { DetectorSettings, Policy } from './policy.js';
import type { LiveEvidence, OpenTask } from './state.js';
import { isInObservedTier } from './tiers.js';
import { limitedText, type Turn } from './turn.js';

/** Where an activity counts. */
export type Place = Pick<Look, 'task' | 'lapse'>;

type Looking = 'onCall' | 'onRefused' | 'onResult' | 'onTaskStarted' | 'onTaskEnded' | 'onToolsListed';
type Remembering = 'rememberCall' | 'rememberResult' | 'rememberTask' | 'rememberTools';
type Told<Hook extends Looking | Remembering> = Parameters<NonNullable<Detector[Hook]>>[1];

interface Active {
  detector: Detector;
  settings: DetectorSettings;
}

/** Every detector looks at the agent as it was before: what they saw is kept once all have looked. */
export function watch<Hook extends Looking>(
  turn: Turn,
  hook: Hook,
  activity: Told<Hook>,
  { task, lapse }: Place,
  observed: boolean,
): void {
  const { policy, state, now } = turn;
  const look: Look = { policy, settings: null as never, state, task, lapse, now };
  let seen: { by: Active; sightings: readonly Sighting[] }[] | null = null;
  for (const by of activeWith(policy, hook)) {
    look.settings = by.settings;
    const sightings = lookWith(by.detector, hook, look, activity);
    if (sightings.length > 0) (seen ??= []).push({ by, sightings });
  }
  if (seen === null) return;
  for (const { by, sightings } of seen) {
    for (const sighting of sightings) keep(turn, task, by, sighting, observed);
  }
}

/** `task` must be a copy of its own, as `turn.state` is. */
export function remember<Hook extends Remembering>(
  turn: Turn,
  hook: Hook,
  activity: Told<Hook>,
  task: OpenTask | null,
): void {
  const active = activeWith(turn.policy, hook);
  if (active.length === 0) return;
  const { policy, state, now } = turn;
  const memory: Memory = { policy, settings: null as never, state, task, now };
  for (const { detector, settings } of active) {
    memory.settings = settings;
    (detector[hook] as (memory: Memory, told: Told<Hook>) => void)(memory, activity);
  }
}

function lookWith<Hook extends Looking>(
  detector: Detector,
  hook: Hook,
  look: Look,
  activity: Told<Hook>,
): readonly Sighting[] {
  return (detector[hook] as (look: Look, told: Told<Hook>) => readonly Sighting[])(look, activity);
}

/** The detectors that a policy has on, by what they are told of. Policies never change, so it is worked out once. */
const actives = new WeakMap<Policy, Partial<Record<Looking | Remembering, Active[]>>>();
function activeWith(policy: Policy, hook: Looking | Remembering): Active[] {
  let byHook = actives.get(policy);
  if (byHook === undefined) actives.set(policy, (byHook = {}));
  return (byHook[hook] ??= DETECTORS.flatMap((detector) => {
    const settings = policy.detectors[detector.name];
    return settings && settings.mode !== 'off' && detector[hook] ? [{ detector, settings }] : [];
  }));
}

/** A sighting becomes evidence, unless a person or a passed check has settled it. */
function keep(
  turn: Turn,
  of: OpenTask | null,
  { detector, settings }: Active,
  sighting: Sighting,
  observed: boolean,
): void {
  const { state, policy, now, activity } = turn;
  const task = of?.id ?? null;
  const key = evidenceKey(sighting.kind, task);
  const weight = settings.weight * sighting.share;
  if (weight < FAINT_WEIGHT || isSettled(state.settled, key, now)) return;
  const isObserved = observed || settings.mode === 'observe' || isInObservedTier(policy, activity);
  const piece: LiveEvidence = {
    key,
    kind: sighting.kind,
    detector: detector.name,
    task,
    weight,
    time: activity.time,
    halfLifeMs: sighting.halfLifeMs ?? settings.halfLifeMs,
    explanation: limitedText(sighting.explanation),
    heldUntil: 0,
    cause: activity.id,
    observed: isObserved || sighting.observed === true,
  };
  if (isExcused(turn, of, piece)) return;
  state.evidence = withEvidence(policy, state.evidence, piece, now);
  turn.yielded = [...turn.yielded, piece];
}
