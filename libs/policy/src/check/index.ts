/** `driftline policy check`: everything wrong with a policy at once, and what is allowed but probably not meant. */
import type { Policy } from '#drift';
import type { PolicyMistake } from '../errors.js';
import { besideOf } from '../load.js';
import { byPlace, examine, placed, type Beside } from '../parse.js';
import { catalogueHints } from './catalogue.js';
import { ruleHints } from './rules.js';

export { riskDigest } from './rules.js';

/** A mistake refuses the policy, a warning does not. */
export interface Remark extends PolicyMistake {
  severity: 'mistake' | 'warning';
  /** Stable name of the kind of warning; `invalid` for mistakes. */
  rule: string;
}

export interface Checked {
  /** Null when there are mistakes. */
  policy: Policy | null;
  /** In the order of the text. */
  remarks: Remark[];
}

/** `nowMs` is what expiry is judged by. `beside` as in `parsePolicy`. */
export function checkPolicy(text: string, nowMs: number, beside?: Beside): Checked {
  const { source, document, policy, thresholds, mistakes, original } = examine(text, beside);
  const looked = document === null ? null : { document, policy, thresholds, nowMs };
  const hints = looked === null ? [] : [...catalogueHints(looked), ...ruleHints(looked)];
  const remarks: Remark[] = [
    ...mistakes.map((one) => ({ ...one, severity: 'mistake' as const, rule: 'invalid' })),
    ...hints.map(({ rule, path, message }) => ({
      ...placed(source, { path: original(path), message }),
      severity: 'warning' as const,
      rule,
    })),
  ];
  const places = new Set(mistakes.map(({ line, column }) => `${line}:${column}`));
  const said = remarks.filter(
    ({ severity, line, column }) => severity === 'mistake' || !places.has(`${line}:${column}`),
  );
  return { policy, remarks: said.toSorted(byPlace) };
}

/** Likewise of a text that stands in a file, with what it names beside it. */
export function checkPolicyText(path: string, text: string, nowMs: number): Checked {
  return checkPolicy(text, nowMs, besideOf(path));
}
