/** One service alone, for machines that run them apart. */
import { HttpAuthority } from '#access';
import { startAuthority } from '#authority';
import { startEngine } from '#engine';
import { startGateway } from '#gateway';
import { CommandError } from '../errors.js';
import { untilStopped } from '../lifetime.js';
import { openRuntime, type Runtime } from '../runtime.js';

interface ServiceOptions {
  config?: string;
}
type Start = (
  runtime: Runtime,
  onFatal: (error: Error) => void,
) => Promise<{ url: string; stop(): Promise<void> }>;

export const runEngine = (options: ServiceOptions) =>
  run('engine', options, (runtime, onFatal) => startEngine({ ...runtime, onFatal }));

export const runAuthority = (options: ServiceOptions) =>
  run('authority', options, (runtime, onFatal) => startAuthority({ ...runtime, onFatal }));

export const runGateway = (options: ServiceOptions) =>
  run('gateway', options, async (runtime, onFatal) => {
    const { config, credentials } = runtime;
    const { host, port } = config.authority.listen;
    const token = credentials.find(({ role }) => role === 'gateway')?.token;
    if (token === undefined)
      throw new CommandError('no caller of role `gateway` is configured under authority.callers');
    const authority = new HttpAuthority({
      url: config.gateway.authorityUrl ?? `http://${host}:${port}`,
      token,
    });
    const gateway = await startGateway({ ...runtime, authority, onFatal });
    return { url: gateway.url, stop: () => gateway.stop().finally(() => authority.close()) };
  });

async function run(service: string, options: ServiceOptions, start: Start): Promise<void> {
  const runtime = await openRuntime({ configPath: options.config, service });
  const lifetime = untilStopped();
  const running = await start(runtime, lifetime.fail);
  process.stdout.write(`driftline ${service} at ${running.url}\n`);
  try {
    await lifetime.stopped;
  } finally {
    await running.stop();
    await runtime.close();
  }
}
