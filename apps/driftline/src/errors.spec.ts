import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openEmbeddedLog } from '#stream';
import { explain } from './errors.js';

it('says in one line what a person can mend, and shows the stack of a bug', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'driftline-explain-'));
  const log = await openEmbeddedLog({ dir });
  try {
    const inUse: unknown = await openEmbeddedLog({ dir }).catch((error: unknown) => error);
    expect(explain(inUse)).toBe((inUse as Error).message);
  } finally {
    await log.close();
    rmSync(dir, { recursive: true });
  }
  const missing: unknown = await readFile(join(dir, 'gone')).catch((error: unknown) => error);
  expect(explain(missing)).toMatch(/^ENOENT: [^\n]+gone'$/);
  const bug = new TypeError('x is not a function');
  expect(explain(bug)).toBe(bug.stack);
  expect(explain('thrown')).toBe('thrown');
});
