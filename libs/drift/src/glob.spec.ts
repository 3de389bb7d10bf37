import { describe, expect, it } from 'vitest';
import { matchesName, matchesResource, reachesResource, resourcesIn } from './glob.js';

describe('matchesName', () => {
  it.each([
    ['files*', 'files-eu', true],
    ['files*', 'file', false],
    ['*', '', true],
    ['read_*_file', 'read_text_file', true],
    ['read_*', 'files/read_x', false],
    ['*/read_*', 'files/read_x', true],
    ['a*b*c', 'aXbYc', true],
    ['a*b*c', 'aXbY', false],
    ['exact', 'exact', true],
    ['e.act', 'exact', false],
  ])('%s and %s: %s', (pattern, name, yes) => expect(matchesName(pattern, name)).toBe(yes));
});

describe('matchesResource', () => {
  it.each([
    ['/data/*', '/data/a.md', true],
    ['/data/*', '/data/x/a.md', false],
    ['/data/**', '/data/x/a.md', true],
    ['**/reports/**', '/srv/reports/q3.md', true],
    ['**/reports/**', '/srv/reports', false],
    ['/data/**/*.md', '/data/x/y/a.md', true],
    ['/data/**/*.md', '/data/x/y/a.txt', false],
    ['**/a*c', '/abx/abc', true],
    ['/data/**', '/data/../etc/passwd', false],
    ['/data/**', '/data/%2e%2e/etc/passwd', false],
    ['/data/**', '/data/..%2fetc', false],
    ['/data/**', '/data/..\\etc', false],
    ['/data/**', '/data/a..b/c', true],
  ])('%s and %s: %s', (pattern, resource, yes) => expect(matchesResource(pattern, resource)).toBe(yes));

  it('takes no longer for a pattern made to be slow', () => {
    const pattern = `${'**a'.repeat(60)}b`;
    const started = process.hrtime.bigint();
    expect(matchesResource(pattern, 'a'.repeat(512))).toBe(false);
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(50);
  });
});

describe('reachesResource', () => {
  it('sees through climbing and encoding', () => {
    expect(reachesResource('/srv/honey/**', '/srv/x/../honey/a')).toBe(true);
    expect(reachesResource('/srv/honey/**', '/srv/%2e/honey/a')).toBe(true);
    expect(reachesResource('/srv/honey/**', '/srv/honey2/a')).toBe(false);
  });
});

describe('resourcesIn', () => {
  it('takes a list apart, and says when it was cut', () => {
    expect(resourcesIn('/a')).toEqual(['/a']);
    expect(resourcesIn('["/a","/b"]')).toEqual(['/a', '/b']);
    expect(resourcesIn('["/a","/b')).toBeNull();
  });
});
