/**
 * Writes `schemas/driftline.schema.json`. After `npm run build`: `node dist/libs/config/src/write-schema.js`, then
 * `npm run format`.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { configJsonSchema } from './json-schema.js';

writeFileSync(createRequire(import.meta.url).resolve('#schemas/driftline.schema.json'), configJsonSchema());
