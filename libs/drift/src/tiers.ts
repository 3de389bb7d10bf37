/**
 * Tiers: where enforcement begins. The riskiest tool paths first, the rest observed; evidence from an activity in an
 * observed tier counts towards what is only observed. What was read there is remembered all the same, so that a
 * detector that fires in an enforced tier weighs all of it. Why evidence and not calls: ADR 8.
 */
import type { Activity, Effect } from '#activity/types';
import { catalogueEntry } from './catalogue.js';
import { isFact, type FactCondition } from './facts.js';
import { matchesName } from './glob.js';
import type { Policy } from './policy.js';

/** Everything that is not null must hold; of a list one entry is enough. The first tier that matches decides. */
export interface Tier {
  id: string;
  effects: Effect[] | null;
  /** Globs. */
  servers: string[] | null;
  /** Globs over the tool, or `server/tool`. */
  tools: string[] | null;
  dataClasses: string[] | null;
  /** Of calls only. */
  facts: FactCondition[];
  mode: 'enforce' | 'observe';
}

/** What no tier speaks of is enforced. */
export function isInObservedTier(policy: Policy, activity: Activity): boolean {
  const { tiers } = policy;
  if (tiers === undefined) return false;
  return tiers.find((tier) => isIn(policy, tier, activity))?.mode === 'observe';
}

function isIn(policy: Policy, tier: Tier, activity: Activity): boolean {
  const { effects, servers, tools, dataClasses, facts } = tier;
  if (activity.type !== 'ToolCall' && activity.type !== 'ToolResult') {
    return (
      effects === null && servers === null && tools === null && dataClasses === null && facts.length === 0
    );
  }
  const { server, tool } = activity;
  return (
    (servers === null || servers.some((glob) => matchesName(glob, server))) &&
    (tools === null ||
      tools.some((glob) => matchesName(glob, tool) || matchesName(glob, `${server}/${tool}`))) &&
    (dataClasses === null || dataClasses.some((name) => activity.dataClasses.includes(name))) &&
    (effects === null || effects.includes(effectOf(policy, activity))) &&
    facts.every((condition) => hasFact(condition, activity))
  );
}

type ToolActivity = Extract<Activity, { type: 'ToolCall' | 'ToolResult' }>;

/** A result does not carry the effect of its call; its tool has one, or nobody knows. */
function effectOf({ catalogue }: Policy, activity: ToolActivity): Effect {
  if (activity.type === 'ToolCall') return activity.effect;
  return catalogueEntry(catalogue, activity.server, activity.tool)?.effect ?? 'unknown';
}

function hasFact(condition: FactCondition, activity: ToolActivity): boolean {
  return activity.type === 'ToolCall' && activity.facts.some((fact) => isFact(condition, fact));
}
