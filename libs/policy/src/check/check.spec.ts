/** The exact words for policies that are wrong, or allowed and probably not meant. */
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { overlap } from './globs.js';
import { warnOfExpired } from '../expired.js';
import { parsePolicy } from '../parse.js';
import { checkPolicy } from './index.js';

const folder = fileURLToPath(new URL('../../../../test/cases/policy/bad/', import.meta.url));
/** What `expires` is compared with. */
const NOW_MS = Date.UTC(2026, 0, 5);

/** Each file says at its end, in comments, exactly what is to be said of it. */
const MARK = '# check:';

describe('checkPolicy', () => {
  it.each(readdirSync(folder))('%s', (file) => {
    const text = readFileSync(folder + file, 'utf8');
    const said = checkPolicy(text, NOW_MS).remarks.map(
      ({ line, column, severity, path, message, rule }) =>
        `${line}:${column} ${severity} ${path || '(document)'}: ${message} [${rule}]`,
    );
    const wanted = text
      .split('\n')
      .filter((line) => line.startsWith(MARK))
      .map((line) => line.slice(MARK.length).trim());
    expect(said).toEqual(wanted);
  });

  it('has nothing to say of the shipped policy', () => {
    const shipped = new URL('../../../../assets/policy/default.yaml', import.meta.url);
    expect(checkPolicy(readFileSync(shipped, 'utf8'), NOW_MS).remarks).toEqual([]);
  });
});

describe('overlap', () => {
  it.each([
    ['a', 'a', true],
    ['a', 'b', false],
    ['a*', '*b', true],
    ['a*', 'b*', false],
    ['*', '', true],
    ['', '', true],
    ['a', '', false],
    ['send_*', '*_mail', true],
    ['x*y*z', 'xz', false],
    ['x*y*z', 'xyz', true],
    ['**', 'abc', true],
    ['mail/*', '*/send', true],
  ])('%s and %s: %s', (a, b, expected) => {
    expect(overlap(a, b)).toBe(expected);
    expect(overlap(b, a)).toBe(expected);
  });
});

describe('warnOfExpired', () => {
  it('tells the log of each exception that excuses nothing any more, and of no other', () => {
    const policy = parsePolicy(
      'name: x\nexceptions:\n  - { id: old, owner: dana, reason: r, expires: 2026-01-04, kind: scope/* }\n  - { id: today, owner: dana, reason: r, expires: 2026-01-05, kind: scope/* }\n  - { id: hour, owner: erin, reason: r, expires: 2026-01-05T09:00Z, kind: scope/* }\n',
    );
    const said: object[] = [];
    const at = Date.UTC(2026, 0, 5, 9);
    warnOfExpired(policy, at, { warn: (fields) => said.push(fields) });
    expect(said).toMatchObject([
      { exception: 'old', owner: 'dana', expires: '2026-01-04', policy: policy.digest },
      { exception: 'hour', owner: 'erin' },
    ]);
  });
});
