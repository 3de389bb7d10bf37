import { Controller, Get, Header, Inject, Module, Res, type DynamicModule } from '@nestjs/common';
import type { Health, HealthReport, ReadyReport } from './health.js';
import type { Metrics } from './metrics.js';

const METRICS = Symbol('driftline metrics');
const HEALTH = Symbol('driftline health');

/** As much of an HTTP response as is needed here, so that no HTTP library is. */
interface StatusResponse {
  status(code: number): unknown;
}

/** `/metrics` for Prometheus, `/health` for whoever restarts a stuck process, `/ready` for whoever sends it work. */
@Controller()
export class TelemetryController {
  constructor(
    @Inject(METRICS) private readonly metrics: Metrics,
    @Inject(HEALTH) private readonly health: Health,
  ) {}

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  text(): Promise<string> {
    return this.metrics.text();
  }

  @Get('health')
  report(@Res({ passthrough: true }) response: StatusResponse): HealthReport {
    const report = this.health.report();
    response.status(report.status === 'ok' ? 200 : 503);
    return report;
  }

  @Get('ready')
  ready(@Res({ passthrough: true }) response: StatusResponse): ReadyReport {
    const report = this.health.ready();
    response.status(report.status === 'ready' ? 200 : 503);
    return report;
  }
}

/** Import `TelemetryModule.of(metrics, health)` in an app's module to mount the three routes. */
@Module({})
export class TelemetryModule {
  static of(metrics: Metrics, health: Health): DynamicModule {
    return {
      module: TelemetryModule,
      controllers: [TelemetryController],
      providers: [
        { provide: METRICS, useValue: metrics },
        { provide: HEALTH, useValue: health },
      ],
    };
  }
}
