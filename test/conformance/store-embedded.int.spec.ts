import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '#store';
import { storeConformance } from './store.js';

storeConformance('embedded', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'driftline-store-'));
  const store = await openEmbeddedStore({ dir });
  return {
    // One process, one store: whoever opens it shares it.
    open: async () => store,
    stop: async () => rmSync(dir, { recursive: true }),
  };
});
