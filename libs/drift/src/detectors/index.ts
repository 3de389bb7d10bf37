import { afterlife } from './afterlife.js';
import { canary } from './canary.js';
import { dataClass } from './data-class.js';
import type { Detector } from './detector.js';
import { escalation } from './escalation.js';
import { refusals } from './refusals.js';
import { scope } from './scope.js';

/** In this order they look, so that evidence of one activity always comes in one order. */
export const DETECTORS: readonly Detector[] = [scope, escalation, dataClass, afterlife, refusals, canary];
