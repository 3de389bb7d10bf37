import { afterlife } from './afterlife.js';
import { staleApproval } from './approval-gap.js';
import { canary } from './canary.js';
import { dataClass } from './data-class.js';
import type { Detector } from './detector.js';
import { escalation } from './escalation.js';
import { exposure } from './exposure.js';
import { identity } from './identity.js';
import { instruction } from './instruction.js';
import { novelty } from './novelty.js';
import { provenance } from './provenance.js';
import { rate } from './rate.js';
import { refusals } from './refusals.js';
import { scope } from './scope.js';
import { sequence } from './sequence.js';

/** In this order they look, so that evidence of one activity always comes in one order. */
export const DETECTORS: readonly Detector[] = [
  scope,
  // Before provenance: it looks at the calls in flight that provenance lands.
  instruction,
  provenance,
  escalation,
  dataClass,
  exposure,
  staleApproval,
  identity,
  novelty,
  rate,
  afterlife,
  refusals,
  sequence,
  canary,
];
