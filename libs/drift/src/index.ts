/**
 * The pure core: state, detectors, risk, `assess` and its prospective use `judge`. Imports nothing but the words of
 * the activity log, so that live, prospective and replayed verdicts are the same code.
 */
export { assess } from './assess.js';
export type { Assess, Assessment, Command, Finding, Judge, Verdict } from './contract.js';
export { published } from './evidence.js';
export { coversCall } from './covers.js';
export { DETECTORS } from './detectors/index.js';
export { matchesName, matchesResource } from './glob.js';
export { deriveId } from './hash.js';
export { judge } from './judge.js';
export { levelOf } from './levels.js';
export { LIMITS } from './limits.js';
export type {
  Ask,
  Catalogue,
  CatalogueEntry,
  DetectorSettings,
  LevelThresholds,
  Policy,
  ResponseRule,
} from './policy.js';
export { evidenceOfAgent, evidenceOfTask, riskOf } from './risk.js';
export { emptyState } from './state.js';
export type { AgentState, EndedTask, LiveEvidence, LiveRevocation, OpenTask } from './state.js';
export { TAGS } from './tags.js';
export { TAXONOMY } from './taxonomy.js';
export { clampTime } from './time.js';
export { riskView, type RiskView } from './view.js';
