/** Starts engine, authority and gateway in one process on shared parts, and stops them in the order that loses nothing. */
import { startAuthority, type RunningAuthority } from '#authority';
import { startEngine, type RunningEngine } from '#engine';
import { startGateway, type RunningGateway } from '#gateway';
import type { Config } from '#config';
import type { Runtime } from './runtime.js';

export interface Services {
  engine: RunningEngine;
  authority: RunningAuthority;
  gateways: RunningGateway[];
  /** Gateways first, so that no call runs unseen; then who decides, then who folds. */
  stop(): Promise<void>;
}

/** One gateway per entry; each entry's settings lie over the runtime's own. */
export async function startServices(
  runtime: Runtime,
  gateways: Partial<Config['gateway']>[],
  onFatal: (error: Error) => void,
): Promise<Services> {
  const parts = { ...runtime, onFatal };
  const engine = await startEngine(parts);
  const authority = await startAuthority(parts);
  const running: RunningGateway[] = [];
  for (const settings of gateways) {
    const config = { ...runtime.config, gateway: { ...runtime.config.gateway, ...settings } };
    running.push(await startGateway({ ...parts, config, authority: authority.authority }));
  }
  const stop = async () => {
    await Promise.all(running.map((gateway) => gateway.stop()));
    await authority.stop();
    await engine.stop();
  };
  return { engine, authority, gateways: running, stop };
}
