/** What the schema cannot say: rules that join several keys of a policy. */
import { brokenEffectBy } from './effect-by.js';
import { brokenRollout } from './rollout.js';
import type { PolicyDocument } from './schema.js';
import type { Broken } from './wording.js';
import { brokenSequences } from './sequences.js';

/** A honeytoken is no noise, nor is a rule that somebody wrote down: their evidence alone may reach critical. */
const MAY_REACH_CRITICAL = new Set(['canary', 'sequence']);

export function brokenRules(document: PolicyDocument): Broken[] {
  return [
    ...catalogue(document),
    ...levels(document),
    ...ceilings(document),
    ...families(document),
    ...roles(document),
    ...responses(document),
    ...idleness(document),
    ...brokenRollout(document),
    ...brokenSequences(document.sequences, document.idle, document.detectors.sequence.weight),
  ];
}

function catalogue({ catalogue }: PolicyDocument): Broken[] {
  return catalogue.servers.flatMap(({ tools }, at) =>
    Object.entries(tools).flatMap(([tool, { effectBy }]) =>
      (effectBy ? brokenEffectBy(effectBy) : []).map(({ path, message }) => ({
        path: ['catalogue', 'servers', at, 'tools', tool, 'effectBy', ...path],
        message,
      })),
    ),
  );
}

function levels({ levels }: PolicyDocument): Broken[] {
  const { elevated, high, critical, hysteresis } = levels;
  const broken: Broken[] = [];
  if (!(elevated < high && high < critical)) {
    broken.push({ path: ['levels'], message: 'expected elevated < high < critical' });
  }
  if (hysteresis >= elevated) {
    const message = `expected less than elevated (${elevated}), or nobody gets back to normal`;
    broken.push({ path: ['levels', 'hysteresis'], message });
  }
  return broken;
}

function ceilings({ detectors, levels }: PolicyDocument): Broken[] {
  return Object.entries(detectors).flatMap(([name, { weight, ceiling }]) => {
    const broken: Broken[] = [];
    const path = ['detectors', name, 'ceiling'];
    if (weight > ceiling)
      broken.push({ path, message: `expected at least the weight (${weight}), got ${ceiling}` });
    if (ceiling * 100 >= levels.critical && !MAY_REACH_CRITICAL.has(name)) {
      const message = `expected less than critical (${levels.critical / 100}), or noise of one kind gets there, got ${ceiling}`;
      broken.push({ path, message });
    }
    return broken;
  });
}

/** What counts together counts under one of its own: families of families would have no such one. */
function families({ detectors }: PolicyDocument): Broken[] {
  const heads = new Map(Object.entries(detectors).map(([name, { family = name }]) => [name, family]));
  return [...heads].flatMap(([name, family]) => {
    if (heads.get(family) === family) return [];
    const message = `expected a detector that counts by itself, got ${family}`;
    return [{ path: ['detectors', name, 'family'], message }];
  });
}

function roles({ roles = [], baseline }: PolicyDocument): Broken[] {
  const broken = roles.flatMap(({ name }, at) =>
    roles.findIndex((other) => other.name === name) < at
      ? [{ path: ['roles', at, 'name'], message: `"${name}" is there twice` }]
      : [],
  );
  if (baseline === undefined || roles.length > 0) return broken;
  return [{ path: ['baseline'], message: 'expected roles too: without them no agent has peers' }];
}

function responses({ responses, idle }: PolicyDocument): Broken[] {
  const seen = new Set<string>();
  return responses.flatMap((rule, at) => {
    const path = ['responses', at];
    const broken: Broken[] = [];
    if (seen.has(rule.id)) broken.push({ path: [...path, 'id'], message: `"${rule.id}" is there twice` });
    seen.add(rule.id);
    const takes = rule.response !== 'observe' && rule.response !== 'alert';
    if (takes && rule.for === undefined) {
      broken.push({
        path: [...path, 'for'],
        message: 'expected a duration: what is taken away automatically must end',
      });
    }
    if (rule.for !== undefined && rule.for >= idle) {
      broken.push({
        path: [...path, 'for'],
        message: 'expected less than idle, after which the agent is forgotten',
      });
    }
    if (rule.of === 'agent' && rule.response === 'revoke-task') {
      broken.push({
        path: [...path, 'response'],
        message: 'expected a response that means the agent, got revoke-task',
      });
    }
    if (rule.effects && rule.response.startsWith('revoke')) {
      broken.push({
        path: [...path, 'effects'],
        message: `${rule.response} takes away everything; leave effects out`,
      });
    }
    return broken;
  });
}

function idleness({ idle, implicitTaskIdle, settled }: PolicyDocument): Broken[] {
  const broken: Broken[] = [];
  if (implicitTaskIdle >= idle)
    broken.push({ path: ['implicitTaskIdle'], message: 'expected less than idle' });
  if (settled >= idle) broken.push({ path: ['settled'], message: 'expected less than idle' });
  return broken;
}
