export { BATCH_FATAL, BATCH_LOG, BATCH_ROUTES, BatchServer, type BatchRoute } from './batch-server.js';
export { openEmbeddedLog, type EmbeddedLog, type EmbeddedLogOptions } from './embedded/log.js';
export * from './errors.js';
export type { KafkaSettings } from './kafka/client.js';
export { openKafkaLog, type KafkaLogOptions } from './kafka/log.js';
export { lockDataDir, type DataDirLock } from './lock.js';
export { openLog } from './open.js';
export * from './port.js';
