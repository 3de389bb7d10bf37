import { describe, expect, it } from 'vitest';
import { areasOf } from './areas.js';

describe('areas', () => {
  it.each([
    ['/data/reports/q3/draft.md', '/data/reports'],
    ['/data/q3.md', '/data'],
    ['/etc', '/'],
    ['reports/q3.md', 'reports'],
    ['/data/reports/../payroll/x.csv', '/data/payroll'],
    ['/data/reports/%2e%2e/payroll/x.csv', '/data/payroll'],
    ['C:\\data\\reports\\q3.md', 'C:/data'],
    ['https://Docs.example.com/a/b', 'docs.example.com'],
    ['https://docs.example.com', 'docs.example.com'],
    ['file:///data/reports/q3.md', '/data/reports'],
    ['42', null],
    ['a1b2c3d4e5f60718', null],
    [null, null],
    ['["cut short', null],
  ])('of %s is %s', (resource, area) => {
    expect(areasOf(resource)).toEqual(area === null ? [] : [area]);
  });

  it('are never longer than is kept, in bytes and in whole characters', () => {
    expect(areasOf(`/${'ü'.repeat(60)}/x/y`)).toEqual([`/${'ü'.repeat(23)}`]);
    expect(areasOf(`/${'a'.repeat(60)}/x`)[0]).toHaveLength(48);
  });

  it('of several resources are all of them, each once', () => {
    expect(areasOf('["/data/reports/q2.md","/etc/passwd","/data/reports/q3.md"]')).toEqual([
      '/data/reports',
      '/etc',
    ]);
  });
});
