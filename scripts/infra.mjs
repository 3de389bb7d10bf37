/** `npm run infra:up | infra:down | infra:status`: a Kafka and a Redis for trying out `driftline` on real servers. */
import { down, fromEnvironment, readState, up } from './infra/endpoints.mjs';
import { reapOrphans, say } from './infra/tools.mjs';

const USAGE = 'usage: npm run infra:up | infra:down | infra:status';

function print(kafka, redis) {
  const line = (name, entry) =>
    entry
      ? `  ${name}: ${entry.endpoint} (${entry.how}${entry.server ? `, process ${entry.server.pid}, data in ${entry.dir}` : ''})`
      : `  ${name}: none`;
  say(line('kafka', kafka));
  say(line('redis', redis));
  if (!kafka || !redis) return;
  say('use them:');
  say(`  export DRIFTLINE_KAFKA_BROKERS=${kafka.endpoint} DRIFTLINE_REDIS=${redis.endpoint}`);
}

async function main(command) {
  await reapOrphans();
  if (command === 'up') {
    const { kafka, redis } = await up();
    say('infra: up');
    print(kafka, redis);
    say('stop them: npm run infra:down');
  } else if (command === 'down') {
    const stopped = await down();
    say(stopped.length > 0 ? `infra: stopped ${stopped.join(', ')}` : 'infra: nothing of ours is running');
  } else if (command === 'status') {
    const given = fromEnvironment();
    const state = readState();
    const named = (endpoint) => (endpoint ? { how: 'environment', endpoint } : undefined);
    say('infra: status');
    print(named(given.kafka) ?? state.kafka, named(given.redis) ?? state.redis);
  } else {
    say(USAGE);
    process.exitCode = 2;
  }
}

try {
  await main(process.argv[2]);
} catch (error) {
  process.stderr.write(
    `infra: ${error.message}\n` +
      'Three ways to get servers: set DRIFTLINE_KAFKA_BROKERS and DRIFTLINE_REDIS; run a Docker engine with compose; ' +
      'or have Java 17+, Maven and redis-server on the PATH (as root on Debian they are installed for you).\n',
  );
  process.exitCode = 1;
}
