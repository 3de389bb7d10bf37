/** The detectors at work: what they see in an activity becomes evidence, what they need later is remembered. */
import type { Activity } from '#activity/types';
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

/** A detector that is on, with what it does in one hook: taken out once, as looking it up costs more than some detectors do. */
interface Active<Hook> {
  name: string;
  settings: DetectorSettings;
  run: Hook;
}
type Looker = (look: Look, told: Activity) => readonly Sighting[];
type Rememberer = (memory: Memory, told: Activity) => void;

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
  let seen: { by: Active<Looker>; sightings: readonly Sighting[] }[] | null = null;
  for (const by of activeWith<Looker>(policy, hook)) {
    look.settings = by.settings;
    const sightings = by.run(look, activity);
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
  const active = activeWith<Rememberer>(turn.policy, hook);
  if (active.length === 0) return;
  const { policy, state, now } = turn;
  const memory: Memory = { policy, settings: null as never, state, task, now };
  for (const by of active) {
    memory.settings = by.settings;
    by.run(memory, activity);
  }
}

/** The detectors that a policy has on, by what they are told of. Policies never change, so it is worked out once. */
const actives = new WeakMap<Policy, Map<Looking | Remembering, Active<unknown>[]>>();
function activeWith<Run>(policy: Policy, hook: Looking | Remembering): readonly Active<Run>[] {
  let byHook = actives.get(policy);
  if (byHook === undefined) actives.set(policy, (byHook = new Map()));
  let active = byHook.get(hook);
  if (active === undefined)
    byHook.set(hook, (active = DETECTORS.flatMap((one) => activeIn(policy, one, hook))));
  return active as Active<Run>[];
}

function activeIn(policy: Policy, detector: Detector, hook: Looking | Remembering): Active<unknown>[] {
  const { name } = detector;
  const settings = policy.detectors[name];
  const run = detector[hook];
  return settings && settings.mode !== 'off' && run ? [{ name, settings, run }] : [];
}

/** A sighting becomes evidence, unless a person or a passed check has settled it. */
function keep(
  turn: Turn,
  of: OpenTask | null,
  { name, settings }: Active<Looker>,
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
    detector: name,
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
