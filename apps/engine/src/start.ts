import 'reflect-metadata';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { RevocationContainment } from '#revocation';
import { TelemetryModule, type Health, type Metrics } from '#telemetry';
import { Engine, type EngineOptions } from './engine.js';

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
  containment(): RevocationContainment[] | null;
  halted(): { partition: number; code: string; message: string }[];
  /** Ends it in order, bounded; log and store stay open for whoever opened them. */
  stop(): Promise<void>;
}

/** Builds and starts an engine from its parts; resolves once it consumes and answers over HTTP. */
export async function startEngine(options: EngineOptions): Promise<RunningEngine> {
  const { host, port } = options.config.engine.listen;
  const engine = new Engine(options);
  const app = await NestFactory.create(EngineModule.of(engine), { logger: false });
  try {
    // Health can be asked while the start waits for servers.
    await app.listen(port, host);
    await engine.start();
  } catch (error) {
    await engine.stop();
    await app.close();
    throw error;
  }
  return {
    url: await app.getUrl(),
    metrics: engine.metrics,
    health: engine.health,
    containment: () => engine.containment(),
    halted: () => engine.halted(),
    stop: async () => {
      await engine.stop();
      await app.close();
    },
  };
}
