/** The engine: consumes activity, keeps state, publishes revocations and alerts. */
export { startEngine, type RunningEngine } from './start.js';
export type { EngineOptions } from './engine.js';
export { DEAD_LETTER, EngineError, type EngineErrorCode } from './errors.js';
export { Folder, isAgents, type FolderOptions, type PolicySource } from './folder.js';
export {
  Replay,
  replayLog,
  type RecordedActivity,
  type ReplayOptions,
  type ReplayVerdict,
} from './replay.js';
export { isAgentKey } from './partition-record.js';
export { CONTAINMENT_KEYS, CONTAINMENT_PARTITION, decodeContainment } from './containment-records.js';
export { rebuildPartition } from './rebuild.js';
export { topicSpecs } from './topics.js';
