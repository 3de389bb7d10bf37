/**
 * A sensitive class that this agent has never or hardly ever touched: surprise in bits against its own decayed profile.
 * Evidence: one piece per class and task, of the class that says most where several label the same data; weight grows with surprise and with the class's sensitivity.
 * Limits: while the profile is young, what its peers do stands in for experience, and where nothing is known of peers,
 * policy's sensitivity (a sensitive class is expected to be rare): a guess, which weighs less against work that somebody
 * declared. Classes that the task's scope names are approved and say nothing.
 */
import type { ToolCall, ToolResult } from '#activity/types';
import { peersOf } from '../peers.js';
import { classCount, decayTo, experienceFor, surpriseBits } from '../profile.js';
import { sensitivityOf } from '../sensitivity.js';
import { NOTHING, option, type Detector, type Look, type Sighting } from './detector.js';

export const dataClass: Detector = {
  name: 'data-class',
  onCall: (look, call) => surprises(look, call, `called ${call.server}/${call.tool} with`),
  onResult: (look, result) => surprises(look, result, `got from ${result.server}/${result.tool}`),
};

/** One piece per activity, of the class that says most: labels of the same data are not several reasons. */
function surprises(look: Look, activity: ToolCall | ToolResult, did: string): readonly Sighting[] {
  let most: Sighting | null = null;
  for (const name of activity.dataClasses) {
    const sighting = surprise(look, name, did);
    if (sighting !== null && (most === null || sighting.share > most.share)) most = sighting;
  }
  return most === null ? NOTHING : [most];
}

function surprise(look: Look, name: string, did: string): Sighting | null {
  const { settings, policy } = look;
  const sensitivity = sensitivityOf(policy.dataClasses, name);
  if (sensitivity === 0 || look.task?.scope?.dataClasses?.includes(name)) return null;
  const { bits, isGuess } = surpriseOf(look, name, sensitivity);
  const from = option(settings, 'quietBits');
  const guessed = isGuess && look.task?.implicit === false ? option(settings, 'guessedShare') : 1;
  const share = Math.min(1, (bits - from) / (option(settings, 'loudBits') - from)) * sensitivity * guessed;
  if (share < option(settings, 'minShare')) return null;
  return {
    kind: `data-class/${name}`,
    share,
    explanation: `The agent ${did} data of class ${name}, which it ${habit(look, name)} (${bits.toFixed(1)} bits of surprise).`,
  };
}

/** So many times what outweighs the prior, and the agent's own experience speaks. */
const EXPERIENCED = 4;

function surpriseOf(look: Look, name: string, sensitivity: number): { bits: number; isGuess: boolean } {
  const { settings, policy, now } = look;
  const { profile } = look.state;
  const decay = decayTo(profile, now, policy.profileHalfLifeMs);
  const expected = 2 ** (-option(settings, 'youngBits') * sensitivity);
  const strength = option(settings, 'youngEvents');
  const peers = peersOf(policy, look.state);
  const prior = peers?.classRate(name, expected) ?? expected;
  const seen =
    experienceFor(look.task, profile.calls * decay) + experienceFor(look.task, profile.results * decay);
  const bits = surpriseBits(classCount(profile, name, decay), seen, prior, strength);
  return { bits, isGuess: peers === null && seen < EXPERIENCED * strength };
}

function habit(look: Look, name: string): string {
  return look.state.profile.classes.names.includes(name) ? 'hardly ever touches' : 'had never touched';
}
