/** One service alone, for machines that run them apart. */
import { HttpAuthority } from '#access';
import { startAuthority } from '#authority';
import { startEngine } from '#engine';
import { startGateway } from '#gateway';
import { CommandError } from '../errors.js';
import { untilStopped } from '../lifetime.js';
import { openBasis, openEngineParts, openRuntime, type RuntimeOptions } from '../runtime.js';

interface ServiceOptions {
  config?: string;
}
interface Service {
  url: string;
  stop(): Promise<void>;
}

export const runEngine = (options: ServiceOptions) =>
  run('engine', openEngineParts, options, (parts, onFatal) => startEngine({ ...parts, onFatal }));

export const runAuthority = (options: ServiceOptions) =>
  run('authority', openRuntime, options, (runtime, onFatal) => startAuthority({ ...runtime, onFatal }));

export const runGateway = (options: ServiceOptions) =>
  run('gateway', openBasis, options, async (basis, onFatal) => {
    const { config, credentials } = basis;
    const { host, port } = config.authority.listen;
    const token = credentials.find(({ role }) => role === 'gateway')?.token;
    if (token === undefined) {
      throw new CommandError('no caller of role `gateway` is configured under authority.callers');
    }
    const authority = new HttpAuthority({
      url: config.gateway.authorityUrl ?? `http://${host}:${port}`,
      token,
    });
    const gateway = await startGateway({ ...basis, authority, onFatal });
    return { url: gateway.url, stop: () => gateway.stop().finally(() => authority.close()) };
  });

async function run<Parts extends { close(): Promise<void> }>(
  service: string,
  open: (options: RuntimeOptions) => Promise<Parts>,
  options: ServiceOptions,
  start: (parts: Parts, onFatal: (error: Error) => void) => Promise<Service>,
): Promise<void> {
  const lifetime = untilStopped();
  const parts = await open({ configPath: options.config, service });
  try {
    const running = await start(parts, lifetime.fail);
    process.stdout.write(`driftline ${service} at ${running.url}\n`);
    try {
      await lifetime.stopped;
    } finally {
      await running.stop();
    }
  } finally {
    await parts.close();
  }
}
