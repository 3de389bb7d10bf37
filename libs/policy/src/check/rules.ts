/** Hints about rules that can never do anything: responses, tiers, exceptions, sequences, thresholds. */
import { RESPONSES, type Effect } from '#activity/types';
import { digestOf } from '../canonical.js';
import { nearest } from '../nearest.js';
import type { PolicyDocument } from '../schema.js';
import { overlap } from './globs.js';
import type { Hint, Looked } from './hint.js';

export function ruleHints(looked: Looked): Hint[] {
  const { document } = looked;
  return [
    ...deadResponses(document),
    ...unaskedEffects(document),
    ...deadTiers(document),
    ...exceptions(looked),
    ...deadSequences(document),
    ...thresholds(looked),
  ];
}

const RANK = { elevated: 1, high: 2, critical: 3 } as const;

type Rule = PolicyDocument['responses'][number];

function deadResponses(document: PolicyDocument): Hint[] {
  const { responses, levels } = document;
  const reachable = highestRisk(document);
  return responses.flatMap((rule, at) => {
    const path = ['responses', at];
    const needed = levels[rule.level];
    if (needed > reachable) {
      const message = `never comes about: the detectors that are on add up to a risk of at most ${reachable.toFixed(1)}, and ${rule.level} begins at ${needed}`;
      return [{ rule: 'dead-response', path, message }];
    }
    const over = responses.find((other) => other !== rule && isAlwaysInstead(other, rule));
    if (over === undefined) return [];
    const message = `never comes about: wherever it is due, the stronger "${over.id}" is chosen`;
    return [{ rule: 'dead-response', path, message }];
  });
}

/** Of alerts each level has its own; of what takes away, the strongest that is due is chosen. */
function isAlwaysInstead(other: Rule, rule: Rule): boolean {
  const strength = (one: Rule) => RESPONSES.indexOf(one.response);
  if (strength(rule) <= RESPONSES.indexOf('alert') || other.of !== rule.of) return false;
  const due = RANK[other.level] <= RANK[rule.level] && other.minTasks <= rule.minTasks;
  const enforced = other.mode === 'enforce' || rule.mode === 'observe';
  return due && enforced && strength(other) > strength(rule);
}

/** With every detector that is on at its ceiling; a family counts under that of one of them. */
function highestRisk({ detectors }: PolicyDocument): number {
  const doubts = new Map<string, number>();
  for (const [name, { mode, family = name }] of Object.entries(detectors)) {
    if (mode !== 'off') doubts.set(family, 1 - detectors[family as keyof typeof detectors].ceiling);
  }
  return 100 * (1 - [...doubts.values()].reduce((rest, doubt) => rest * doubt, 1));
}

/** What nobody is asked about is stopped from the next call on at best. */
function unaskedEffects({ ask, responses }: PolicyDocument): Hint[] {
  return responses.flatMap(({ effects = [], id }, at) => {
    const unasked = effects.filter((effect: Effect) => effect !== 'read' && !ask.effects.includes(effect));
    if (unasked.length === 0) return [];
    const message = `"${id}" takes away ${unasked.join(', ')}, which gateways do not ask about (ask.effects): it is stopped only from the next call on`;
    return [{ rule: 'not-asked', path: ['responses', at, 'effects'], message }];
  });
}

function deadTiers({ tiers }: PolicyDocument): Hint[] {
  const all = tiers.findIndex(
    ({ id: _id, mode: _mode, ...conditions }) => Object.keys(conditions).length === 0,
  );
  const hints = tiers.flatMap((_, at): Hint[] => {
    if (all < 0 || at <= all) return [];
    const message = `never decides: "${tiers[all]?.id}" before it matches everything`;
    return [{ rule: 'dead-tier', path: ['tiers', at], message }];
  });
  if (tiers.length > 0 && tiers.every(({ mode }) => mode === 'enforce') && all !== 0) {
    const message =
      'every tier enforces, and so does what none speaks of: end with { id: rest, mode: observe }';
    hints.push({ rule: 'dead-tier', path: ['tiers'], message });
  }
  return hints;
}

const DAY_MS = 86_400_000;
/** Whoever answers for longer than a year has moved on. */
const LONG_DAYS = 366;

function exceptions({ document, nowMs }: Looked): Hint[] {
  const names = Object.keys(document.detectors);
  return document.exceptions.flatMap((exception, at) => {
    const path = ['exceptions', at];
    const hints: Hint[] = [];
    const day = exception.expires.includes('T') ? 0 : DAY_MS;
    const leftMs = Date.parse(exception.expires) + day - nowMs;
    if (leftMs <= 0) {
      const message = `expired on ${exception.expires} and excuses nothing; ${exception.owner} answers for it: renew it or take it out`;
      hints.push({ rule: 'expired-exception', path: [...path, 'expires'], message });
    } else if (leftMs > LONG_DAYS * DAY_MS) {
      const message = `lasts for ${Math.floor(leftMs / DAY_MS)} days; look at it again within a year`;
      hints.push({ rule: 'long-exception', path: [...path, 'expires'], message });
    }
    for (const name of exception.detector ?? []) {
      if (document.detectors[name as keyof typeof document.detectors]?.mode !== 'off') continue;
      hints.push({
        rule: 'dead-exception',
        path: [...path, 'detector'],
        message: `detector "${name}" is off`,
      });
    }
    for (const kind of exception.kind ?? []) {
      if (names.some((name) => overlap(kind, `${name}*`))) continue;
      const near = nearest(names, kind.split('/')[0] ?? kind);
      const meant = near === null ? '' : `; did you mean "${near}/…"?`;
      const message = `no evidence is of a kind like "${kind}": kinds begin with their detector${meant}`;
      hints.push({ rule: 'dead-exception', path: [...path, 'kind'], message });
    }
    const { kind, tool, agent, tenant, taskKind } = exception;
    if ([kind, tool, agent, tenant, taskKind].every((one) => one === undefined)) {
      const message =
        'excuses a whole detector for everybody: set its mode to observe or off instead, or narrow it';
      hints.push({ rule: 'wide-exception', path, message });
    }
    return hints;
  });
}

function deadSequences({ sequences, detectors }: PolicyDocument): Hint[] {
  if (sequences.length === 0 || detectors.sequence.mode !== 'off') return [];
  const message = 'detectors.sequence is off, so that no sequence is looked for';
  return [{ rule: 'dead-sequence', path: ['sequences'], message }];
}

function thresholds({ document, policy, thresholds: file }: Looked): Hint[] {
  const { budgets } = document;
  if (file === null) {
    if (budgets.length === 0 || document.thresholds !== undefined) return [];
    const message = 'nothing keeps these budgets yet: calibrate, and name the result with thresholds:';
    return [{ rule: 'uncalibrated', path: ['budgets'], message }];
  }
  const hints: Hint[] = [];
  if (policy !== null && file.policy !== riskDigest(policy)) {
    const message = 'were found for another policy than this one: calibrate again';
    hints.push({ rule: 'stale-thresholds', path: ['thresholds'], message });
  }
  const kept = new Set(file.entries.map(({ interruptOneIn }) => interruptOneIn));
  budgets.forEach(({ interruptOneIn }, at) => {
    if (kept.has(interruptOneIn)) return;
    const message = `the thresholds named keep no budget of one in ${interruptOneIn}: too few tasks, or calibrate again`;
    hints.push({ rule: 'uncalibrated', path: ['budgets', at], message });
  });
  return hints;
}

/** Of a policy, what moves no risk: what it is called, and what is done about risk. */
const NOT_RISK = ['digest', 'name', 'thresholds', 'budgets', 'responses', 'floodGuard', 'ask', 'keepIntent'];

/**
 * Names what thresholds are found for: everything that moves risk, and the levels they begin from. Responses that only
 * observed while history was gathered may enforce afterwards.
 */
export function riskDigest(policy: NonNullable<Looked['policy']>): string {
  return digestOf(Object.fromEntries(Object.entries(policy).filter(([key]) => !NOT_RISK.includes(key))));
}
