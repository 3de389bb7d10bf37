import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedLog, type EmbeddedLog } from '#stream';
import { streamConformance } from './stream.js';

const DAY_MS = 24 * 3_600_000;

streamConformance('embedded', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'driftline-log-'));
  let ahead = 0;
  const now = () => Date.now() + ahead;
  return {
    open: (events) => openEmbeddedLog({ dir, now, events }),
    peer: async (log) => log,
    async expire(log) {
      ahead += DAY_MS;
      await (log as EmbeddedLog).maintain();
      ahead -= DAY_MS;
    },
    compact: (log) => (log as EmbeddedLog).maintain({ force: true }),
    child: () => ({ mode: 'embedded', where: dir }),
    shared: false,
    async dispose() {
      rmSync(dir, { recursive: true, force: true });
    },
  };
});
