/**
 * A honeytoken tool or resource touched: nobody has an honest reason to.
 * Evidence: one piece per tool or resource, at full weight, whatever the effect.
 * Limits: only what the catalogue marks; a resource is compared by its plain form, with `..` resolved.
 */
import type { ToolCall } from '#activity/types';
import { matchesName, reachesResource, resourcesIn } from '../glob.js';
import { shortDigest } from '../hash.js';
import type { Catalogue } from '../policy.js';
import { NOTHING, type Detector } from './detector.js';

export const canary: Detector = {
  name: 'canary',
  onCall({ policy }, call) {
    const bait = touchedTool(policy.catalogue, call) ?? touchedResource(policy.catalogue, call);
    if (bait === null) return NOTHING;
    const explanation = `The agent touched the honeytoken ${bait} with ${call.server}/${call.tool}; nobody has an honest reason to.`;
    return [{ kind: `canary/${shortDigest(bait)}`, share: 1, explanation }];
  },
};

function touchedTool(catalogue: Catalogue, call: ToolCall): string | null {
  for (const entry of canariesOf(catalogue)) {
    if (matchesName(entry.server, call.server) && matchesName(entry.tool, call.tool))
      return `${call.server}/${call.tool}`;
  }
  return null;
}

function touchedResource(catalogue: Catalogue, call: ToolCall): string | null {
  const { canaryResources } = catalogue;
  if (call.resource === null || canaryResources.length === 0) return null;
  const named = resourcesIn(call.resource) ?? [call.resource];
  return named.find((one) => canaryResources.some((glob) => reachesResource(glob, one))) ?? null;
}

/** A catalogue may hold thousands of tools and few baits: looked through once per catalogue, which never changes. */
const canaries = new WeakMap<Catalogue, Catalogue['tools']>();
function canariesOf(catalogue: Catalogue): Catalogue['tools'] {
  let found = canaries.get(catalogue);
  if (found === undefined) {
    found = catalogue.tools.filter((entry) => entry.canary);
    canaries.set(catalogue, found);
  }
  return found;
}
