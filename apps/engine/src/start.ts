import 'reflect-metadata';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Policy } from '#drift';
import type { RevocationContainment } from '#revocation';
import { BatchServer } from '#stream';
import { TelemetryModule, type Health, type Metrics } from '#telemetry';
import { Engine, type EngineOptions } from './engine.js';
import { SHUTDOWN_MS } from './limits.js';
import { bounded } from './timers.js';

@Module({})
export class EngineModule {
  static of(engine: Engine): DynamicModule {
    return { module: EngineModule, imports: [TelemetryModule.of(engine.metrics, engine.health)] };
  }
}

export interface RunningEngine {
  /** Where `/metrics`, `/health` and `/ready` are. */
  url: string;
  metrics: Metrics;
  health: Health;
  /** What is known of each revocation; null while another engine has that role. */
  containment(): RevocationContainment[] | null;
  /** Partitions that stay stopped until a person acts, with the reason. */
  halted(): { partition: number; code: string; message: string }[];
  /** The configuration says another policy now: published, and active everywhere. Throws what refuses it. */
  configure(policy: Policy, reason: string): Promise<void>;
  /**
   * Not ready → roles end → consumers stop fetching and running batches end (bounded) → followers end → HTTP ends.
   * Log and store stay open for whoever opened them.
   */
  stop(): Promise<void>;
}

/**
 * Builds and starts an engine from its parts: one application, HTTP for whoever watches it and the log as its transport.
 * Resolves once it consumes and answers. Throws what stops a start: a store that evicts, topics that do not fit.
 */
export async function startEngine(options: EngineOptions): Promise<RunningEngine> {
  const { host, port } = options.config.engine.listen;
  const engine = new Engine(options);
  const app = await NestFactory.create(EngineModule.of(engine), { logger: false });
  let transport: BatchServer | null = null;
  const stop = async () => {
    await engine.quiesce();
    if (transport) await bounded(transport.close(), SHUTDOWN_MS);
    await engine.end();
    await app.close();
  };
  try {
    // Health can be asked while the start waits for servers.
    await app.listen(port, host);
    transport = new BatchServer(options.log, await engine.prepare(), (error) => engine.fatal(error));
    app.connectMicroservice({ strategy: transport }, { inheritAppConfig: true });
    await app.startAllMicroservices();
    engine.run(transport.unwrap());
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: await app.getUrl(),
    metrics: engine.metrics,
    health: engine.health,
    containment: () => engine.containment(),
    halted: () => engine.halted(),
    configure: (policy, reason) => engine.configure(policy, reason),
    stop,
  };
}
