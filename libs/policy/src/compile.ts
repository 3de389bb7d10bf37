import type { Baseline, CatalogueEntry, DetectorSettings, FloodGuard, Policy, Thresholds } from '#drift';
import { digestOf } from './canonical.js';
import { compileEffectBy } from './effect-by.js';
import type { PolicyDocument } from './schema.js';
import { compileBudgets, compileExceptions, compileTiers } from './rollout.js';
import { compileSequence } from './sequences.js';
import type { ThresholdsFile } from './thresholds/document.js';

/** A valid document as the core judges with it, with the artifacts that it names. */
export function compile(
  document: PolicyDocument,
  baseline: Baseline | null = null,
  thresholds: ThresholdsFile | null = null,
): Policy {
  const { name, ask, dataClasses, levels, uncatalogued, keepIntent } = document;
  const policy = {
    name,
    catalogue: catalogueOf(document.catalogue),
    ...(document.roles ? { roles: document.roles } : {}),
    ...(baseline ? { baseline } : {}),
    ask,
    dataClasses,
    detectors: Object.fromEntries(
      Object.entries(document.detectors).map(([detector, settings]) => [detector, settingsOf(settings)]),
    ),
    ...(Math.min(document.unusual.ceiling, document.unusual.beside) < 1 ? { unusual: document.unusual } : {}),
    levels,
    responses: document.responses.map(({ for: forMs, effects, ...rule }) => ({
      ...rule,
      effects: effects ?? null,
      forMs: forMs ?? 0,
    })),
    sequences: document.sequences.map(compileSequence),
    ...rolloutOf(document, thresholds),
    uncatalogued,
    idleMs: document.idle,
    implicitTaskIdleMs: document.implicitTaskIdle,
    profileHalfLifeMs: document.profileHalfLife,
    exposureHalfLifeMs: document.exposureHalfLife,
    settledMs: document.settled,
    keepIntent,
  };
  return { digest: digestOf(policy), ...policy };
}

/** What says nothing is left out, so that a policy without it is the policy it always was. */
function rolloutOf(
  { tiers, exceptions, budgets, floodGuard }: PolicyDocument,
  thresholds: ThresholdsFile | null,
): Partial<Policy> {
  return {
    ...(tiers.length > 0 ? { tiers: compileTiers(tiers) } : {}),
    ...(exceptions.length > 0 ? { exceptions: compileExceptions(exceptions) } : {}),
    ...(budgets.length > 0 ? { budgets: compileBudgets(budgets) } : {}),
    ...(thresholds ? { thresholds: compileThresholds(thresholds) } : {}),
    ...(floodGuard ? { floodGuard: compileGuard(floodGuard) } : {}),
  };
}

function compileGuard({ window, ...guard }: NonNullable<PolicyDocument['floodGuard']>): FloodGuard {
  return { ...guard, windowMs: window };
}

function compileThresholds({ digest, entries }: ThresholdsFile): Thresholds {
  return {
    digest,
    entries: entries.map(({ tenant, role, kind, levels }) => ({ tenant, role, kind, levels })),
  };
}

function settingsOf(
  settings: PolicyDocument['detectors'][keyof PolicyDocument['detectors']],
): DetectorSettings {
  const { mode, weight, ceiling, adds, family, halfLife, ...options } = settings;
  const counted = { ...(adds < 1 ? { adds } : {}), ...(family === undefined ? {} : { family }) };
  return { mode, weight, ceiling, ...counted, halfLifeMs: halfLife, options };
}

function catalogueOf(catalogue: PolicyDocument['catalogue']): Policy['catalogue'] {
  const { servers, ...rest } = catalogue;
  const tools = servers.flatMap(({ match, tools, ...of }) =>
    match.flatMap((server) =>
      Object.entries(tools).map<CatalogueEntry>(([tool, entry]) => ({
        server,
        tool,
        effect: entry.effect,
        ...(entry.effectBy ? { effectBy: compileEffectBy(entry.effectBy) } : {}),
        trust: entry.trust ?? of.trust,
        dataClasses: entry.dataClasses ?? of.dataClasses,
        resource:
          entry.resource === undefined ? null : { pointer: entry.resource, secret: entry.secretResource },
        destination: entry.destination === undefined ? null : { pointer: entry.destination },
        facts: Object.entries(entry.facts).map(([name, pointer]) => ({ name, pointer })),
        canary: entry.canary,
      })),
    ),
  );
  return { tools, ...rest };
}
