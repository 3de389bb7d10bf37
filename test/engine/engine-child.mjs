/** Child of the kill test: `engine-child.mjs DIR CONFIG POLICY`. Runs an engine on the embedded log and store under DIR until it dies. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startEngine } from '../../dist/apps/engine/src/index.js';
import { decodePolicy } from '../../dist/libs/policy/src/index.js';
import { openEmbeddedStore } from '../../dist/libs/store/src/index.js';
import { openEmbeddedLog } from '../../dist/libs/stream/src/index.js';

const [dir, configPath, policyPath] = process.argv.slice(2);
const config = JSON.parse(readFileSync(configPath, 'utf8'));
const policy = decodePolicy(readFileSync(policyPath));
const log = await openEmbeddedLog({ dir: join(dir, 'log') });
const store = await openEmbeddedStore({ dir: join(dir, 'store') });
const say = (level) => (fields, message) => {
  if (level === 'error')
    process.stderr.write(`${message} ${fields.error?.stack ?? JSON.stringify(fields)}\n`);
};
const logger = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
await startEngine({ config, log, store, policy, logger, onFatal: () => process.exit(1) });
process.stdout.write('started\n');
