import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { TelemetryModule, type Health, type Logger, type Metrics } from '#telemetry';
import { Alerts } from '../alerts.js';
import { AuditTrail } from '../audit.js';
import { AuthorityService } from '../authority.service.js';
import { Decisions } from '../decisions.js';
import type { AuthorityMetrics } from '../metrics.js';
import { PlainCalls } from '../plain-calls.js';
import { AlertsController } from './alerts.controller.js';
import { RoleGuard } from './caller.js';
import { ErrorFilter } from './errors.js';
import { DiscoveryController } from './discovery.controller.js';
import { PolicyController } from './policy.controller.js';
import { RevocationsController } from './revocations.controller.js';
import { TasksController } from './tasks.controller.js';

/** What the routes are made of. */
export interface HttpParts {
  authority: AuthorityService;
  decisions: Decisions;
  plainCalls: PlainCalls;
  alerts: Alerts;
  audit: AuditTrail;
  authorityMetrics: AuthorityMetrics;
  metrics: Metrics;
  health: Health;
  logger: Logger;
}

@Module({})
export class AuthorityModule {
  static of(parts: HttpParts): DynamicModule {
    return {
      module: AuthorityModule,
      imports: [TelemetryModule.of(parts.metrics, parts.health)],
      controllers: [
        DiscoveryController,
        TasksController,
        RevocationsController,
        AlertsController,
        PolicyController,
      ],
      providers: [
        { provide: AuthorityService, useValue: parts.authority },
        { provide: Alerts, useValue: parts.alerts },
        { provide: AuditTrail, useValue: parts.audit },
        { provide: APP_GUARD, useClass: RoleGuard },
        { provide: APP_FILTER, useValue: new ErrorFilter(parts.authorityMetrics, parts.logger) },
      ],
    };
  }
}
