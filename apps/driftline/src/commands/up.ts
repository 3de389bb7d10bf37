/** `driftline up`: gateway, authority, engine and the live view in one process. */
import { decodeActivity, decodeAlert, decodeGatewayReport, decodeLift, decodeRevocation } from '#activity';
import { TOPICS } from '#activity/types';
import { GatewayConfig } from '#config';
import type { LogRecord } from '#stream';
import { EXAMPLE_SERVER, exampleFolder, filesystemServer } from '../example.js';
import { untilStopped, type Stopping } from '../lifetime.js';
import { watchPolicyFile } from '../policy-file.js';
import { openRuntime, type Runtime } from '../runtime.js';
import { startServices, type Services } from '../services.js';
import { clock, View } from '../view.js';

export interface UpOptions {
  config?: string;
}

export async function up(options: UpOptions): Promise<void> {
  const runtime = await openRuntime({ configPath: options.config, service: 'driftline', logLevel: 'warn' });
  const lifetime = untilStopped();
  // On one machine the person who edits the configuration is the operator; on servers many processes have one each.
  const isOwn = runtime.config.storage === 'embedded';
  const configured = isOwn ? 'edited' : 'first';
  const services = await startServices(withExample(runtime), [{}], lifetime.fail, { configured });
  const unwatch = isOwn ? watchPolicy(runtime, services) : () => undefined;
  const views = await followAll(runtime, new View(process.stdout.isTTY), lifetime);
  process.stdout.write(welcome(runtime, services));
  try {
    await lifetime.stopped;
  } finally {
    unwatch();
    await Promise.all(views.map((view) => view.stop()));
    await services.stop();
    await runtime.close();
  }
}

function watchPolicy({ config }: Runtime, { engine }: Services): () => void {
  const { policy: path } = config;
  if (path === undefined) return () => undefined;
  return watchPolicyFile(path, {
    changed: (policy) => engine.configure(policy, `${path} was edited`),
    say: (text) => void process.stdout.write(`${clock(Date.now())}  ${text}\n`),
  });
}

/** Without a configured server, the example one: the first call can be made at once. */
function withExample(runtime: Runtime): Runtime {
  if (Object.keys(runtime.config.gateway.servers).length > 0) return runtime;
  const server = filesystemServer(exampleFolder(runtime.config.dataDir));
  const gateway = GatewayConfig.parse({ ...runtime.config.gateway, servers: { [EXAMPLE_SERVER]: server } });
  return { ...runtime, config: { ...runtime.config, gateway } };
}

async function followAll(runtime: Runtime, view: View, lifetime: Stopping) {
  const print = (line: string | null) => {
    if (line !== null) process.stdout.write(`${line}\n`);
  };
  const follow = (topic: string, show: (record: LogRecord) => string | null) =>
    runtime.log.follow({
      topic,
      from: 'end',
      onRecords: (records) => records.forEach((record) => print(readable(record, show))),
      onFatal: lifetime.fail,
    });
  return Promise.all([
    follow(TOPICS.activity, (record) => showActivity(view, record)),
    follow(TOPICS.alerts, (record) => view.alert(decodeAlert(record.value!))),
    follow(TOPICS.revocations, (record) =>
      record.key?.toString().startsWith('lift:')
        ? view.lift(decodeLift(record.value!))
        : view.revocation(decodeRevocation(record.value!)),
    ),
    follow(TOPICS.enforcements, (record) => {
      const report = decodeGatewayReport(record.value!);
      return report.type === 'Enforcement' ? view.enforcement(report) : null;
    }),
  ]);
}

function showActivity(view: View, record: LogRecord): string | null {
  const activity = decodeActivity(record.value!);
  if (activity.type === 'ToolCall') return view.call(activity);
  if (activity.type === 'ToolResult') return view.result(activity);
  return null;
}

/** A record that cannot be read is a line too; the engine has put it among the dead letters. */
function readable(record: LogRecord, show: (record: LogRecord) => string | null): string | null {
  if (record.value === null) return null;
  try {
    return show(record);
  } catch (error) {
    return `unreadable record on ${record.topic} at offset ${record.offset}: ${(error as Error).message}`;
  }
}

function welcome(runtime: Runtime, services: Services): string {
  const { config } = runtime;
  const gateway = services.gateways[0]!;
  const [name = EXAMPLE_SERVER] = Object.keys(withExample(runtime).config.gateway.servers);
  const url = `${gateway.url}/mcp/${name}`;
  const client = JSON.stringify({ mcpServers: { [name]: { type: 'http', url } } });
  const where = config.storage === 'embedded' ? `embedded in ${config.dataDir}` : 'on Kafka and Redis';
  return `
Driftline is up, ${where}.

  gateway    ${gateway.url}
  authority  ${services.authority.url}
  engine     ${services.engine.url}/metrics

Point an MCP client at it:

  ${client}

Put your own MCP server behind it, in driftline.yaml:

  gateway:
    servers:
      ${name === EXAMPLE_SERVER ? 'mine' : name}: { url: http://127.0.0.1:3000/mcp }        # or: { command: npx, args: [-y, your-server] }

Then, from another terminal in this folder:

  npm run -s driftline -- revocations
  npm run -s driftline -- revoke --agent NAME --asserted --by you --reason "looks wrong"
  npm run -s driftline -- alerts --follow

What happens is printed below. Ctrl-C stops everything.

`;
}
