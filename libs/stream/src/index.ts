export { openEmbeddedLog, type EmbeddedLog, type EmbeddedLogOptions } from './embedded/log.js';
export * from './errors.js';
export { lockDataDir, type DataDirLock } from './lock.js';
export * from './port.js';
