/** A run whose attack was written in other words. The agent's calls stay what they were, but for harm without a target. */
import { Chance } from '../random.js';
import type { RecordedCall, Run } from '../runs.js';
import { goalOf, type Goal } from './goal.js';
import { passagesIn, replaced } from './passage.js';
import { phrase, REWORDINGS, type Rewording } from './phrasings.js';
import { withoutTarget } from './target-less.js';
import { harmfulTexts } from './texts.js';

export interface RewordOptions {
  form: Rewording;
  seed: number;
  /** 0, 1 …: one more phrasing of the same run. */
  variant: number;
  /** Tools whose results outsiders do not write. */
  isOwn: (tool: string) => boolean;
}

/** Null = nothing to reword: no attack, or its text is not in the recording (results are cut). */
export function reworded(run: Run, { form, seed, variant, isOwn }: RewordOptions): RecordedCall[] | null {
  const attack = attackOf(run);
  if (attack === null) return null;
  const text = phrase(form, attack.goal, numberOf(run, form, seed, variant));
  const calls = run.calls.map((call, at) => {
    if (call.result === null) return call;
    const passages = passagesIn(call.result, at === attack.at ? harmfulTexts(run) : []);
    return passages.length === 0 ? call : { ...call, result: replaced(call.result, passages, text) };
  });
  if (form !== 'target-less') return calls;
  return withoutTarget(run, calls, { text: attack.text, target: attack.goal.target }, isOwn);
}

export interface Found {
  goal: Goal;
  text: string;
  /** Index of the call whose result carries it. */
  at: number;
}

/** The first result that shows what this run's attack wants; null where none does. */
export function attackOf(run: Run): Found | null {
  const { exposedAt } = run;
  if (exposedAt === null) return null;
  const harmful = harmfulTexts(run);
  // Marked wherever it is seen first; without marks it can only be told where the agent read it.
  for (const known of [[], harmful]) {
    for (const [at, { result }] of run.calls.entries()) {
      if (result === null || at < exposedAt || (known.length > 0 && at > exposedAt)) continue;
      const text = passagesIn(result, known)[0]?.text ?? '';
      if (text !== '') return { at, text, goal: goalOf(text, harmful) };
    }
  }
  return null;
}

/** Every run starts somewhere else in the list, so that all shapes are tried; variants follow on. */
function numberOf({ id }: Run, form: Rewording, seed: number, variant: number): number {
  const shapes = REWORDINGS[form].length;
  const chance = new Chance(seed, `${form} ${id}`);
  return chance.below(shapes) + shapes * chance.below(WORDS) + variant;
}
/** Choices of words within a shape: a multiple of the lengths of their lists. */
const WORDS = 15;
