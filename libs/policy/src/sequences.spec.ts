import { describe, expect, it } from 'vitest';
import { PolicyError } from './errors.js';
import { parsePolicy } from './parse.js';

const STEPS = '[{ id: one, tool: a }, { id: two, tool: b }]';

function rule(fields: string): string {
  return `name: x\nsequences:\n  - { id: r, title: R, ${fields} }\n`;
}

function mistakes(text: string): string[] {
  try {
    parsePolicy(text, 'mine.yaml');
  } catch (error) {
    if (error instanceof PolicyError) return error.mistakes.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

describe('sequences', () => {
  it('compile with one where several may stand, and defaults', () => {
    const [compiled] = parsePolicy(rule(`within: 1h, steps: ${STEPS}`)).sequences!;
    expect(compiled).toMatchObject({
      of: 'task',
      withinMs: 3_600_000,
      weight: 0.45,
      halfLifeMs: null,
      mode: 'enforce',
    });
    expect(compiled!.steps[0]).toMatchObject({
      activity: 'call',
      absent: false,
      times: 1,
      tools: ['a'],
      effects: null,
    });
  });

  it.each([
    ['no end', `steps: ${STEPS}`, 'sequences[0].within: expected a duration'],
    ['more time than is remembered', `within: 8d, steps: ${STEPS}`, 'expected less than idle'],
    ['one step', 'steps: [{ id: one }]', 'expected a second step'],
    [
      'an absent first step',
      `within: 1h, steps: [{ id: no, absent: true }, { id: one }, { id: two }]`,
      'nothing can be absent before it',
    ],
    [
      'an absent last step without end',
      'steps: [{ id: one }, { id: no, absent: true }]',
      'steps[1].within: expected a duration',
    ],
    [
      'a step with its own end',
      'within: 1h, steps: [{ id: one }, { id: two, within: 5m }]',
      'only a last step that is absent',
    ],
    ['a step twice', 'within: 1h, steps: [{ id: one }, { id: one }]', '"one" is there twice'],
    [
      'a value of nothing',
      'within: 1h, steps: [{ id: one }, { id: two, sameValue: three }]',
      'expected an earlier step (one), got "three"',
    ],
    [
      'a value of what is absent',
      'within: 1h, steps: [{ id: one }, { id: no, absent: true }, { id: two, sameValue: no }]',
      'it has no values',
    ],
    [
      'a value of what repeats',
      'within: 1h, steps: [{ id: one, times: 2 }, { id: two, sameValue: one }]',
      'not clear whose values',
    ],
    [
      'values of several',
      'within: 1h, steps: [{ id: one }, { id: two, sameValue: one }, { id: three, sameValue: two }]',
      'one and the same step',
    ],
    [
      'what only calls have',
      'within: 1h, steps: [{ id: one, activity: result, effect: read }, { id: two }]',
      'only calls have it',
    ],
    [
      'what only results have',
      'within: 1h, steps: [{ id: one, trust: own }, { id: two }]',
      'only results have it',
    ],
    [
      'too much weight',
      `within: 1h, weight: 0.9, steps: ${STEPS}`,
      'at most the weight of detectors.sequence (0.8)',
    ],
    [
      'too many repeats',
      'within: 1h, steps: [{ id: one, times: 20 }, { id: two, times: 20 }]',
      'expected at most 24 steps',
    ],
    ['an unknown key', 'within: 1h, steps: [{ id: one, toool: a }, { id: two }]', 'did you mean "tool"?'],
  ])('refuse %s', (_, fields, says) => {
    expect(mistakes(rule(fields)).join('\n')).toContain(says);
  });
});
