/** Writes the schemas for editors. After `npm run build`: `node dist/libs/policy/src/write-schema.js`, then `npm run format`. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { caseJsonSchema, policyJsonSchema } from './json-schema.js';

const folder = dirname(createRequire(import.meta.url).resolve('#schemas/tool-call.avsc'));
writeFileSync(join(folder, 'policy.schema.json'), policyJsonSchema());
writeFileSync(join(folder, 'policy-test.schema.json'), caseJsonSchema());
