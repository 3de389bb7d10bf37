/** The reference MCP gateway: it sees each call before the tool does, reports it and enforces revocations. */
export { startGateway, type GatewayOptions, type RunningGateway } from './start.js';
export { loadOrCreateKeys } from './keys.js';
export { GatewayError, type GatewayErrorCode } from './errors.js';
export { isAsked, reportedCall, reportedResult } from './calls/reported.js';
export { knownTools } from './calls/known-tools.js';
