import { describe, expect, it } from 'vitest';
import { parseScope, parseUntil, parseVerdict } from './verdict.js';

const NOW = Date.UTC(2026, 8, 1, 12);

describe('the verdict command', () => {
  it('takes a duration from now, or a date', () => {
    expect(parseUntil('90m', NOW)).toBe(NOW + 90 * 60_000);
    expect(parseUntil('7d', NOW)).toBe(NOW + 7 * 86_400_000);
    expect(parseUntil('2026-10-01', NOW)).toBe(Date.UTC(2026, 9, 1));
    expect(parseUntil('2026-10-01T12:00:00Z', NOW)).toBe(Date.UTC(2026, 9, 1, 12));
  });

  it.each(['', '7', 'd', '0d', '-3h', 'tomorrow', '12345678', '2026-13-45', '1y'])('refuses %j', (text) => {
    expect(() => parseUntil(text, NOW)).toThrow(/expected a duration/);
  });

  it('knows its words', () => {
    expect([parseVerdict('confirmed'), parseScope('agent')]).toEqual(['confirmed', 'agent']);
    expect(() => parseVerdict('wrong')).toThrow(/confirmed, false-positive/);
    expect(() => parseScope('tenant')).toThrow(/task, agent/);
  });
});
