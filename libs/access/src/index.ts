export type * from './port.js';
export * from './errors.js';
export * from './authzen.js';
export * from './requests.js';
export { HttpAuthority, type HttpAuthorityOptions } from './http-authority.js';
export { HttpOversight } from './http-oversight.js';
export { ActivityReporter, type ActivitySink, type ReporterOptions } from './reporter.js';
export { activityRecord } from './record.js';
