import { describe, expect, it } from 'vitest';
import type { Policy } from './policy.js';
import { riskOf } from './risk.js';
import type { LiveEvidence } from './state.js';

const NOW = 1_000_000;
const settings = (ceiling: number, more: object = {}) => ({
  mode: 'enforce' as const,
  weight: 0.5,
  ceiling,
  halfLifeMs: 60_000,
  options: {},
  ...more,
});
const policy = (fields: Partial<Policy> = {}): Policy =>
  ({
    detectors: {
      provenance: settings(0.85, { adds: 0.1 }),
      exposure: settings(0.7, { family: 'provenance' }),
      instruction: settings(0.88, { adds: 0 }),
      scope: settings(0.75),
      'data-class': settings(0.48),
      novelty: settings(0.7),
    },
    unusual: { ceiling: 0.3, beside: 0.1 },
    ...fields,
  }) as Policy;
let number = 0;
function piece(kind: string, weight: number, task: string | null = 't1'): LiveEvidence {
  number += 1;
  const detector = kind.startsWith('remainder/') ? kind.split('/').at(-1)! : kind.split('/')[0]!;
  const rest = { time: NOW, halfLifeMs: 60_000, heldUntil: 0, explanation: '', cause: 'a', observed: false };
  return { key: `${number}`, kind, detector, task, weight, ...rest };
}
const risk = (...evidence: LiveEvidence[]) => riskOf(policy(), evidence, NOW);

describe('further pieces of one detector', () => {
  it('add up, up to its ceiling, where nothing else is said', () => {
    expect(risk(piece('scope/a', 0.3), piece('scope/b', 0.3))).toBeCloseTo(51, 9);
    expect(risk(piece('scope/a', 0.6), piece('scope/b', 0.6))).toBeCloseTo(75, 9);
  });

  it('add what `adds` leaves of them, whichever comes first', () => {
    const expected = 100 * (1 - 0.4 * 0.5 ** 0.1);
    expect(risk(piece('provenance/a', 0.6), piece('provenance/b', 0.5))).toBeCloseTo(expected, 9);
    expect(risk(piece('provenance/b', 0.5), piece('provenance/a', 0.6))).toBeCloseTo(expected, 9);
    expect(risk(piece('instruction/a', 0.6), piece('instruction/b', 0.5))).toBeCloseTo(60, 9);
  });

  it('of a family count as of one detector, under the ceiling of its head', () => {
    const expected = 100 * (1 - 0.4 * 0.5 ** 0.1);
    expect(risk(piece('exposure/a', 0.5), piece('provenance/b', 0.6))).toBeCloseTo(expected, 9);
    expect(risk(piece('exposure/a', 0.99))).toBeCloseTo(85, 9);
  });

  it('of different families multiply', () => {
    expect(risk(piece('provenance/a', 0.5), piece('instruction/b', 0.5))).toBeCloseTo(75, 9);
  });
});

describe('what is only unusual in declared work', () => {
  const unusual = [
    piece('data-class/credential', 0.26),
    piece('scope/estimated/a', 0.12),
    piece('novelty/tool/b', 0.06),
  ];

  it('counts together up to its ceiling by itself', () => {
    expect(risk(unusual[0]!)).toBeCloseTo(26, 9);
    expect(risk(...unusual)).toBeCloseTo(30, 9);
  });

  it('adds little to what says more', () => {
    expect(risk(...unusual, piece('provenance/a', 0.5))).toBeCloseTo(100 * (1 - 0.5 * 0.9), 9);
    expect(risk(...unusual, piece('provenance/a', 0.02))).toBeCloseTo(30, 9);
  });

  it('never lowers anything', () => {
    for (const weight of [0.02, 0.2, 0.5, 0.8]) {
      const alone = risk(piece('provenance/a', weight));
      expect(risk(piece('provenance/a', weight), ...unusual)).toBeGreaterThan(alone);
    }
  });

  it('is neither a boundary that somebody set, nor a tool that changed', () => {
    expect(risk(piece('scope/a', 0.6))).toBeCloseTo(60, 9);
    expect(risk(piece('novelty/definition/a', 0.6))).toBeCloseTo(60, 9);
  });

  it('counts by itself where nobody declared a task, and where a policy does not say', () => {
    const undeclared = [piece('data-class/a', 0.4, 'implicit/x'), piece('novelty/tool/b', 0.4, 'implicit/x')];
    expect(risk(...undeclared)).toBeCloseTo(64, 9);
    const { unusual: _, ...silent } = policy();
    const declared = [piece('data-class/a', 0.4), piece('novelty/tool/b', 0.4)];
    expect(riskOf(silent, declared, NOW)).toBeCloseTo(64, 9);
  });

  it('stays so when it is too much to be kept one by one', () => {
    expect(risk(piece('remainder/unusual/novelty', 0.6, null))).toBeCloseTo(30, 9);
    expect(risk(piece('remainder/novelty', 0.6, null))).toBeCloseTo(60, 9);
  });
});
