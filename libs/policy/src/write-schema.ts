/** Writes `schemas/policy.schema.json`. After `npm run build`: `node dist/libs/policy/src/write-schema.js`, then `npm run format`. */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { policyJsonSchema } from './json-schema.js';

writeFileSync(createRequire(import.meta.url).resolve('#schemas/policy.schema.json'), policyJsonSchema());
