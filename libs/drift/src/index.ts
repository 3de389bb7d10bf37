/**
 * The pure core: state, detectors, risk, `assess` and its prospective use `judge`. Imports nothing but the words of
 * the activity log, so that live, prospective and replayed verdicts are the same code.
 */
export {
  ACTION_EFFECTS,
  ACTIONS,
  actionOf,
  actionOfNoun,
  isGeneralTopic,
  nameWords,
  singular,
  toolTerms,
  topicOf,
  verbOf,
  type Action,
  type ToolTerms,
  type VerbForm,
} from './actions.js';
export { approvalGap, approvalOf, type ApprovalView } from './approval.js';
export { assess } from './assess.js';
export type { Assess, Assessment, Command, Finding, Judge, Verdict } from './contract.js';
export { areasOf } from './areas.js';
export { published } from './evidence.js';
export { exposureOf } from './exposure-of.js';
export { bySpecificity, catalogueEntry } from './catalogue.js';
export { coversCall } from './covers.js';
export type { Exception } from './exceptions.js';
export { isFact, type FactCondition } from './facts.js';
export { DETECTORS } from './detectors/index.js';
export { goesOut } from './goes-out.js';
export { matchesName, matchesResource } from './glob.js';
export { deriveId } from './hash.js';
export { isImplicit } from './implicit-tasks.js';
export { judge } from './judge.js';
export { levelOf } from './levels.js';
export { LIMITS } from './limits.js';
export {
  MEASURES,
  Peers,
  peersOf,
  roleOf,
  type Baseline,
  type Measure,
  type PeerCounts,
  type Role,
} from './peers.js';
export type {
  Ask,
  Budget,
  Catalogue,
  CatalogueEntry,
  DetectorSettings,
  EffectBy,
  FloodGuard,
  LevelThresholds,
  Policy,
  ResponseRule,
} from './policy.js';
export { evidenceOfAgent, evidenceOfTask, riskOf } from './risk.js';
export { SEQUENCE_LIMITS, shapeOf as sequenceShape } from './sequences/plan.js';
export type { SequenceRule, SequenceStep } from './sequences/rule.js';
export { emptyState } from './state.js';
export type { AgentState, EndedTask, LiveEvidence, LiveRevocation, OpenTask } from './state.js';
export { TAGS } from './tags.js';
export { TAXONOMY } from './taxonomy.js';
export { targetOf, WINDOW_MS } from './targets.js';
export { levelsFor, type CalibratedLevels, type Thresholds } from './thresholds.js';
export { type Tier } from './tiers.js';
export { clampTime } from './time.js';
export { transition } from './profile.js';
export { riskView, type RiskView } from './view.js';
