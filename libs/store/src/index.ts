export * from './port.js';
export * from './errors.js';
export { COMMIT_MAX_BYTES, COMMIT_STATES_MAX, PENDING_ENTRY_MAX_BYTES, STATE_MAX_BYTES } from './limits.js';
export { sameMarker } from './marker.js';
export { openEmbeddedStore, type EmbeddedStoreOptions } from './embedded/store.js';
export { openRedisStore, type RedisStoreOptions } from './redis/store.js';
export { openStore } from './open.js';
export { stateCodec } from './codec.js';
