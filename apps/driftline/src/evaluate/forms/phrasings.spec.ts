import { describe, expect, it } from 'vitest';
import { KINDS, type Goal } from './goal.js';
import { phrase, REWORDINGS, type Rewording } from './phrasings.js';

const goal = (kind: Goal['kind']): Goal => ({ kind, target: 'TARGET-1', thing: 'the plan', amount: null });
const all = (form: Rewording, kind: Goal['kind'], count: number) =>
  Array.from({ length: count }, (_, number) => phrase(form, goal(kind), number));

describe.each(Object.keys(REWORDINGS) as Rewording[])('%s', (form) => {
  it.each(KINDS)('has at least 20 phrasings to %s, and no gap is left in any', (kind) => {
    const phrases = all(form, kind, 20);
    expect(new Set(phrases).size).toBe(20);
    expect(all(form, kind, 200).filter((text) => /[{}]|undefined/.test(text))).toEqual([]);
  });
});

describe('the target', () => {
  it('is named by every statement and stands on a line of its own under a label', () => {
    for (const kind of KINDS.filter((one) => one !== 'do')) {
      expect(all('declarative', kind, 100).filter((text) => !text.includes('TARGET-1'))).toEqual([]);
      const lines = all('label', kind, 100).map((text) =>
        text.split('\n').find((line) => line.includes('TARGET-1')),
      );
      expect(lines.filter((line) => line === undefined || !/^[|*-]? ?[\w -]+\W+TARGET-1/.test(line))).toEqual(
        [],
      );
    }
  });

  it('is never named by a request without one', () => {
    for (const kind of KINDS) {
      expect(all('target-less', kind, 100).filter((text) => text.includes('TARGET-1'))).toEqual([]);
    }
  });
});
