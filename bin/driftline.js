#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/apps/driftline/src/main.js', import.meta.url);
if (!existsSync(main)) {
  process.stderr.write('driftline: not built yet. Run `npm run build` once, then try again.\n');
  process.exit(1);
}
await import(main);
