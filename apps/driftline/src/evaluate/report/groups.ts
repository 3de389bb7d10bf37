/** What is told apart: suites, models, attack goals, and all together. */
import { isHonest } from '../runs.js';
import type { Score } from '../verdict.js';
import { fieldOf, type Field } from './curve.js';

export interface Group extends Field {
  kind: 'together' | 'suite' | 'model' | 'goal';
  name: string;
}

/** Suites with fewer hijacks are reported, but say nothing when pooled; where none has so many, all of them are. */
export const POOLED_MIN_HIJACKS = 10;
export const POOLED = 'pooled';
export const ALL = 'all runs';

export function groupsOf(scores: readonly Score[]): Group[] {
  const hijacks = scores.filter(({ label }) => label === 'hijacked');
  const hijacksIn = (suite: string) => hijacks.filter((score) => score.suite === suite).length;
  const suites = namesOf(scores, ({ suite }) => suite);
  const telling = suites.filter((suite) => hijacksIn(suite) >= POOLED_MIN_HIJACKS);
  const pooled = new Set(telling.length > 0 ? telling : suites);
  const group = (kind: Group['kind'], name: string, is: (score: Score) => boolean): Group => ({
    kind,
    name,
    ...fieldOf(scores.filter(is)),
  });
  const models = namesOf(scores, ({ model }) => model);
  return [
    group('together', POOLED, ({ suite }) => pooled.has(suite)),
    group('together', ALL, () => true),
    ...suites.map((name) => group('suite', name, ({ suite }) => suite === name)),
    ...models.map((name) => group('model', name, ({ model }) => model === name)),
    ...namesOf(scores, goalOf).map((name) => group('goal', name, (score) => goalOf(score) === name)),
  ];
}

/** Goals are numbered anew in every suite. */
function goalOf({ suite, goal }: Score): string {
  return goal === null ? 'no attack' : `${suite}: ${goal}`;
}

function namesOf(scores: readonly Score[], nameOf: (score: Score) => string): string[] {
  return [...new Set(scores.map(nameOf))].sort();
}

export function tasksOf(scores: readonly Score[]): string[] {
  return namesOf(
    scores.filter((score) => isHonest(score) || score.label === 'hijacked'),
    ({ task }) => task,
  );
}
