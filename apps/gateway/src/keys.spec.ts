import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadOrCreateKeys } from './keys.js';

it('makes the keys once, for this tenant, readable by nobody else', () => {
  const dir = mkdtempSync(join(tmpdir(), 'driftline-keys-'));
  const value = { family: 'email', normal: 'jo@example.com' } as never;
  const first = loadOrCreateKeys(dir, 'a').current.print(value);
  expect(loadOrCreateKeys(dir, 'a').current.print(value)).toBe(first);
  expect(loadOrCreateKeys(dir, 'b').current.print(value)).not.toBe(first);
  expect(loadOrCreateKeys(dir, 'a').current.print(value)).toBe(first);
  const file = join(dir, 'value-keys.json');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toHaveProperty('a');
  writeFileSync(file, 'nonsense');
  expect(() => loadOrCreateKeys(dir, 'a')).toThrow('does not hold value keys');
});
