/** Apache Kafka without Docker: its jars from Maven Central, one KRaft node as a local JVM. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import {
  CACHE_DIR,
  answers,
  aptInstall,
  freePort,
  isAlive,
  run,
  say,
  startServer,
  stopServer,
  waitFor,
  which,
} from './tools.mjs';

export const KAFKA_VERSION = '4.4.0';
/** A JVM that shares two busy cores with a test run needs this long in the worst case; 2.5 s is usual. */
const START_TIMEOUT_MS = 90_000;

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>driftline</groupId><artifactId>kafka-jars</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

/** Directory with Kafka's jars, fetched once; throws a sentence that says what is missing. */
export function kafkaJars() {
  const home = join(CACHE_DIR, 'kafka');
  const libs = join(home, `libs-${KAFKA_VERSION}`);
  if (!which('java') && !(aptInstall(['default-jre-headless']) && which('java')))
    throw new Error('no Java found (Java 17 or newer, `java` on the PATH)');
  if (existsSync(libs)) return libs;
  if (!which('mvn') && !(aptInstall(['maven']) && which('mvn')))
    throw new Error(`no Maven found (\`mvn\` on the PATH) to fetch Kafka's jars`);
  say(`infra: fetching Kafka ${KAFKA_VERSION} (45 jars, 43 MB, once) into ${home}`);
  mkdirSync(home, { recursive: true });
  const work = mkdtempSync(join(home, 'fetch-'));
  try {
    writeFileSync(join(work, 'pom.xml'), POM);
    run('mvn', ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${join(work, 'libs')}`], {
      cwd: work,
    });
    if (readdirSync(join(work, 'libs')).length === 0) throw new Error('Maven copied no jars');
    // Renamed as a whole, so that a run which is interrupted here leaves no half set behind.
    if (!existsSync(libs)) renameSync(join(work, 'libs'), libs);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return libs;
}

/**
 * Starts one node, broker and controller in one. `fast` starts sooner and runs slower (tests); without it the JIT
 * compiles fully (benchmarks). `listener` is a further one, `{ name: 'SASL_SSL', port }`. `advertisedPort` = a proxy in
 * front of it. `properties` are added to server.properties.
 */
export async function startKafkaNode({
  dir,
  port,
  fast = true,
  keep = false,
  properties = {},
  listener,
  advertisedPort,
}) {
  const libs = kafkaJars();
  const node = { dir, port: port ?? (await freePort()), libs, fast, keep };
  const controllerPort = await freePort();
  mkdirSync(dir, { recursive: true });
  const config = join(dir, 'server.properties');
  if (!existsSync(join(dir, 'data', 'meta.properties'))) {
    writeFileSync(
      config,
      lines({
        ...serverProperties(node.port, controllerPort, dir),
        ...listeners(node.port, controllerPort, listener, advertisedPort),
        ...properties,
      }),
    );
    const cluster = java(libs, ['kafka.tools.StorageTool', 'random-uuid']).trim();
    java(libs, ['kafka.tools.StorageTool', 'format', '-t', cluster, '-c', config, '--standalone']);
  }
  return { ...node, server: await launch(node) };
}

/** Starts the node again on its data; `stopServer(node.server)` ended it. */
export async function restartKafkaNode(node) {
  return { ...node, server: await launch(node) };
}

async function launch({ dir, port, libs, fast, keep }) {
  const jvm = ['-Xmx512m', '-XX:+UseSerialGC', ...(fast ? ['-XX:TieredStopAtLevel=1'] : [])];
  const args = [...jvm, '-cp', join(libs, '*'), 'kafka.Kafka', join(dir, 'server.properties')];
  const server = startServer('java', args, { cwd: dir, logFile: join(dir, 'kafka.log'), keep });
  try {
    await waitFor(
      `Kafka on port ${port}`,
      () => ready(port),
      START_TIMEOUT_MS,
      () => isAlive(server),
    );
  } catch (error) {
    await stopServer(server, { signal: 'SIGKILL' });
    throw new Error(`${error.message}; its output is in ${join(dir, 'kafka.log')}`, { cause: error });
  }
  return server;
}

/** True once the broker is registered with the controller; an open port alone comes earlier. */
async function ready(port) {
  if (!(await answers('127.0.0.1', port))) return false;
  const { Kafka, logLevel } = createRequire(import.meta.url)('kafkajs');
  const admin = new Kafka({
    brokers: [`127.0.0.1:${port}`],
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
  }).admin();
  try {
    await admin.connect();
    return (await admin.describeCluster()).brokers.length > 0;
  } catch {
    // Not yet: the caller asks again until its own deadline.
    return false;
  } finally {
    await admin.disconnect();
  }
}

function java(libs, args) {
  return run('java', ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', join(libs, '*'), ...args]);
}

function listeners(port, controllerPort, extra, advertisedPort) {
  const further = extra ? `,${extra.name}://127.0.0.1:${extra.port}` : '';
  return {
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}${further}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${advertisedPort ?? port}${further}`,
  };
}

function serverProperties(port, controllerPort, dir) {
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map':
      'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL',
    'log.dirs': join(dir, 'data'),
    'num.partitions': 1,
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    // A killed node is let in again only when its old session has run out (default 9 s).
    'broker.session.timeout.ms': 1_000,
    'broker.heartbeat.interval.ms': 250,
    // So that retention and compaction can be seen within a test.
    'log.retention.check.interval.ms': 1_000,
    'log.cleaner.backoff.ms': 500,
    'log.cleaner.dedupe.buffer.size': 4_194_304,
    'log.segment.delete.delay.ms': 1_000,
  };
}

const lines = (properties) =>
  Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
