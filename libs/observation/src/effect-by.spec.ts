import { readFileSync } from 'node:fs';
import { array, check, constantFrom, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EffectBy } from '#drift';
import { effectOfCall, worstEffect } from './effect-by.js';
import { sqlVerbs } from './sql.js';

const entry = (effectBy: Partial<EffectBy>) => ({
  effect: 'send' as const,
  effectBy: { pointer: '/a', as: 'value' as const, cases: [], absent: null, ...effectBy },
});

describe('effectOfCall', () => {
  const flag = entry({
    cases: [
      { is: [true, 1, 'dry'], effect: 'read' },
      { is: [false], effect: 'delete' },
    ],
  });

  it.each([
    [{ a: true }, 'read'],
    [{ a: 1 }, 'read'],
    [{ a: 'dry' }, 'read'],
    [{ a: false }, 'delete'],
    // The worst of all, `effect` included.
    [{ a: 'Dry' }, 'delete'],
    [{ a: 'true' }, 'delete'],
    [{ a: [true] }, 'delete'],
    [{ a: { toString: 'dry' } }, 'delete'],
    [{ a: null }, 'delete'],
    [{}, 'delete'],
    [undefined, 'delete'],
    ['text', 'delete'],
    [Object.create({ a: true }), 'delete'],
  ])('%j: %s', (args, effect) => expect(effectOfCall(flag, args)).toBe(effect));

  it('says what a call without the argument does, where the catalogue does', () => {
    const quiet = entry({ absent: 'read', cases: [{ is: [false], effect: 'delete' }] });
    expect(effectOfCall(quiet, {})).toBe('read');
    expect(effectOfCall(quiet, { a: undefined })).toBe('read');
    expect(effectOfCall(quiet, { a: null })).toBe('delete');
    expect(worstEffect(quiet)).toBe('delete');
  });

  it('reads methods whatever their case, and nothing like them', () => {
    const web = entry({ as: 'http-method', cases: [{ is: ['GET'], effect: 'read' }] });
    expect([' GET', 'GET\n', 'GETS', '', 3, ['GET']].map((a) => effectOfCall(web, { a }))).toEqual(
      Array(6).fill('send'),
    );
    expect(['GET', 'get', 'Get'].map((a) => effectOfCall(web, { a }))).toEqual(['read', 'read', 'read']);
  });

  it('takes the worst of all statements', () => {
    const cases = [
      { is: ['SELECT'], effect: 'read' as const },
      { is: ['DROP'], effect: 'admin' as const },
    ];
    const sql = entry({ as: 'sql', cases });
    expect(effectOfCall(sql, { a: 'select 1' })).toBe('read');
    expect(effectOfCall(sql, { a: 'select 1; drop table t; select 2' })).toBe('admin');
    expect(effectOfCall(sql, { a: 'select 1; call f()' })).toBe('admin');
    expect(effectOfCall(sql, { a: `select '${'x'.repeat(20_000)}'` })).toBe('admin');
  });
});

describe('sqlVerbs', () => {
  const file = new URL('../../../test/cases/observation/sql.json', import.meta.url);
  it.each(JSON.parse(readFileSync(file, 'utf8')) as [string, string[] | null][])('%j: %j', (text, verbs) =>
    expect(sqlVerbs(text)).toEqual(verbs),
  );

  it('never loses a statement behind what it takes for text', () => {
    const pieces = ["'", '"', '`', '[', ']', '--', '\n', '/*', '*/', '$$', '#', ' ', 'x', ';', '\\', 'q'];
    const piece = constantFrom(...pieces);
    const hidden = (some: string[]): boolean => {
      const text = `SELECT 1 ${some.join('')}`;
      // Whatever was opened is closed again, or it is not read at all.
      return sqlVerbs(text) !== null && !sqlVerbs(`${text}\n; DROP TABLE t`)!.includes('DROP');
    };
    const found = check(
      property(array(piece, { maxLength: 12 }), (some) => !hidden(some)),
      { numRuns: 2_000 },
    );
    expect(found.counterexample).toBeNull();
  });
});
