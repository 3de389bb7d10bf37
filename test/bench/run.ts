/** `npm run bench [-- --json FILE] [-- --only NAME]`: every figure of BENCHMARKS.md, measured one after the other. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { benchAssess } from './assess.js';
import type { Figure } from './figures.js';
import { benchDecision } from './decision.js';
import { benchEnforced } from './enforced.js';
import { benchGateway } from './gateway.js';
import { stockTransport } from './nest-transport.js';
import { benchDistinct, benchHot } from './pipeline.js';
import { startServers, type Servers } from './servers.js';

const { values } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } });

const BENCHES: Record<string, (servers: Servers) => Promise<Figure[]> | Figure[]> = {
  assess: () => benchAssess(),
  distinct: benchDistinct,
  hot: (servers) => benchHot(servers, stockTransport),
  // Latencies last: by now the broker's compiler has had its work to do.
  enforced: benchEnforced,
  decision: benchDecision,
  gateway: benchGateway,
};

const servers = await startServers();
const figures: Figure[] = [];
try {
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (values.only !== undefined && values.only !== name) continue;
    process.stdout.write(`${name} …\n`);
    for (const one of await bench(servers)) {
      figures.push(one);
      process.stdout.write(
        `  ${one.name.padEnd(40)} ${short(one.value).padStart(12)} ${one.unit.padEnd(9)} n=${one.n} (${short(one.min)} – ${short(one.max)})\n`,
      );
    }
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
} finally {
  await servers.stop();
}
process.exit(0);

function short(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
