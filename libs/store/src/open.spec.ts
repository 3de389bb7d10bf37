import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Config } from '#config';
import { openStore } from './open.js';

it('opens the embedded store under the data directory by default', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'driftline-open-'));
  try {
    const first = await openStore(Config.parse({ dataDir }));
    await first.pin('log', 'x');
    await first.close();
    const second = await openStore(Config.parse({ dataDir }));
    await expect(second.pin('log', 'y')).rejects.toMatchObject({ code: 'DL_STORE_PINNED' });
    await second.close();
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});

it('names missing settings of redis', async () => {
  await expect(openStore(Config.parse({ storage: 'servers' }))).rejects.toThrow('expected settings of redis');
});
