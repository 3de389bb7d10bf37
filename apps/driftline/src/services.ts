/** Starts engine, authority and gateway in one process on shared parts, and stops them in the order that loses nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startAuthority, type RunningAuthority } from '#authority';
import { startEngine, type EngineOptions, type RunningEngine } from '#engine';
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
  engineOptions: Pick<EngineOptions, 'configured'> = {},
): Promise<Services> {
  const parts = { ...runtime, onFatal };
  const engine = await startEngine({ ...parts, ...engineOptions });
  // Before every partition is folded to its end, state is not current and the authority would refuse to decide.
  await ready(engine);
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

/** Longest wait for the engine at start; a log that takes longer to fold is served once it is folded. */
const READY_DEADLINE_MS = 15_000;
const LOOK_MS = 20;

async function ready(engine: RunningEngine): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_DEADLINE_MS; waitedMs += LOOK_MS) {
    if (engine.health.ready().status === 'ready') return;
    await sleep(LOOK_MS);
  }
}
