export type { Logger } from './port.js';
export { createLogger, type LoggerOptions, type LogLevel } from './logger.js';
export { createMetrics, LATENCY_BUCKETS_S, type Metrics } from './metrics.js';
export {
  Health,
  type CheckReport,
  type HealthReport,
  type ProgressCheck,
  type ReadyReport,
} from './health.js';
export { redact, redactText } from './redact.js';
export { TelemetryModule } from './telemetry.module.js';
