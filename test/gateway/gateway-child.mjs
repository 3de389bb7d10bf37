/** A gateway in a process of its own whose log takes no activity: it runs the build, and is killed by its test. */
import { Config } from '#config';
import { loadOrCreateKeys, startGateway } from '#gateway';
import { defaultPolicy } from '#policy';
import { openEmbeddedLog } from '#stream';
import { topicSpecs } from '#engine';

const [dir, server] = process.argv.slice(2);
const config = Config.parse({
  dataDir: dir,
  gateway: { listen: { port: 0 }, decide: 'none', servers: { shop: { url: server } } },
});
const log = await openEmbeddedLog({ dir });
await log.ensureTopics(topicSpecs(config));
const append = log.append.bind(log);
log.append = (topic, records) =>
  topic.includes('.activity.') ? Promise.reject(new Error('the log is away')) : append(topic, records);
const nothing = () => undefined;
const gateway = await startGateway({
  config,
  log,
  policy: defaultPolicy(),
  authority: {},
  keys: loadOrCreateKeys(dir, config.tenant),
  logger: { debug: nothing, info: nothing, warn: nothing, error: nothing },
});
process.stdout.write(`${gateway.url}\n`);
