/**
 * Something new to this agent: a server, tool or resource area that it has never used and that its peers hardly know, or
 * a tool whose definition changed under it.
 * Evidence: one piece per server, tool, area and changed definition. What is new weighs by how rare it is, in bits, reads
 * less than half; of server and tool the one that says more. A changed definition weighs in full when it is called, half when it is
 * listed, and is believed only once a person or a passed check has answered that evidence.
 * Limits: while the profile is young only peers can say that something is unusual, and without peers nothing does; a tool,
 * effect or resource that the task's scope names is approved; a definition forgotten among very many is taken as it comes.
 */
import type { ToolCall, ToolsListed } from '#activity/types';
import { areasOf } from '../areas.js';
import { placeOfTool } from '../counts.js';
import { definitionOf, isChanged, withDefinition } from '../definitions.js';
import { kindOf } from '../evidence.js';
import { bounded, shortDigest } from '../hash.js';
import { peersOf, type Peers } from '../peers.js';
import { decayTo, experienceFor } from '../profile.js';
import { NOTHING, option, type Detector, type Look, type Memory, type Sighting } from './detector.js';
import { resourceInside, toolInside } from './scope.js';

/** What is only read does no harm by itself. */
const READ_SHARE = 0.4;
/** A listed definition has not been used yet. */
const LISTED_SHARE = 0.5;

export const novelty: Detector = {
  name: 'novelty',
  onCall(look, call) {
    const definition = changedCall(look, call);
    const tool = newTool(look, call);
    const area = newArea(look, call);
    if (definition === null && tool === null && area === null) return NOTHING;
    return [definition, tool, area].filter((sighting) => sighting !== null);
  },
  onToolsListed(look, { server, tools }) {
    if (look.state.definitions.length === 0) return NOTHING;
    return tools.flatMap(({ name, digest }) => {
      const known = definitionOf(look.state.definitions, server, name);
      if (known === null || !isChanged(known, digest)) return [];
      const explanation = `Server ${server} now describes its tool ${name} differently from what this agent was given before.`;
      return [{ kind: kindOfChange(server, name, digest), share: LISTED_SHARE, explanation }];
    });
  },
  rememberCall(memory, { server, tool, toolDigest }) {
    if (toolDigest !== null) learnDefinition(memory, server, tool, toolDigest);
  },
  rememberTools(memory, { server, tools }: ToolsListed) {
    for (const { name, digest } of tools) learnDefinition(memory, server, name, digest);
  },
};

function changedCall(look: Look, { server, tool, toolDigest }: ToolCall): Sighting | null {
  const { definitions } = look.state;
  if (toolDigest === null || definitions.length === 0) return null;
  const known = definitionOf(definitions, server, tool);
  if (known === null || !isChanged(known, toolDigest)) return null;
  const explanation = `The agent called ${server}/${tool}, whose definition is not the one that it was given before.`;
  return { kind: kindOfChange(server, tool, toolDigest), share: 1, explanation };
}

function kindOfChange(server: string, tool: string, digest: string): string {
  return `novelty/definition/${shortDigest(`${server}\n${tool}\n${digest}`)}`;
}

/** The first definition is taken as it comes; another one only when somebody has answered for it. */
function learnDefinition(memory: Memory, server: string, tool: string, digest: string): void {
  const { state } = memory;
  const known = definitionOf(state.definitions, server, tool);
  if (known !== null && isChanged(known, digest) && !isAnswered(memory, kindOfChange(server, tool, digest)))
    return;
  state.definitions = withDefinition(state.definitions, server, tool, digest);
}

/** In whichever task: it is the same definition. */
function isAnswered({ state, now }: Memory, kind: string): boolean {
  return state.settled.some(({ key, until }) => until > now && kindOf(key) === kind);
}

function newTool(look: Look, call: ToolCall): Sighting | null {
  const { profile } = look.state;
  const { names } = profile.tools;
  if (placeOfTool(names, call.server, call.tool) >= 0) return null;
  const scope = look.task?.scope;
  if (scope?.effects?.includes(call.effect) || (scope?.tools && toolInside(scope.tools, call))) return null;
  const peers = peersOf(look.policy, look.state);
  const ground = groundOf(look, peers);
  if (ground === null) return null;
  const server = hasServer(names, call.server)
    ? 0
    : rarity(ground, names.length, peers?.tasksWithServer(call.server));
  const tool = rarity(ground, names.length, peers?.tasksWithTool(`${call.server}/${call.tool}`));
  const what = server >= tool && server > 0 ? 'server' : 'tool';
  const which = what === 'server' ? call.server : `${call.server}/${call.tool}`;
  return sighting(look, call, Math.max(server, tool), what, which, ground);
}

function newArea(look: Look, call: ToolCall): Sighting | null {
  const { names } = look.state.profile.areas;
  const areas = areasOf(call.resource);
  if (isKnown(areas, names)) return null;
  const resources = look.task?.scope?.resources;
  if (resources && resourceInside(resources, call)) return null;
  const peers = peersOf(look.policy, look.state);
  const ground = groundOf(look, peers);
  if (ground === null) return null;
  let rarest = { area: '', bits: 0 };
  for (const area of areas) {
    if (names.includes(area)) continue;
    const bits = rarity(ground, names.length, peers?.tasksWithArea(area));
    if (bits > rarest.bits) rarest = { area, bits };
  }
  return sighting(look, call, rarest.bits, 'area', rarest.area, ground);
}

function isKnown(areas: readonly string[], names: readonly string[]): boolean {
  for (const area of areas) if (!names.includes(area)) return false;
  return true;
}

/** What newness is measured against. */
interface Ground {
  /** Calls in the agent's own profile; 0 = too young to tell. */
  calls: number;
  /** Tasks of its peers; 0 = none are known. */
  tasks: number;
}

/** Null = nothing can be said yet. */
function groundOf(look: Look, peers: Peers | null): Ground | null {
  const { settings, policy, now, task } = look;
  const { profile } = look.state;
  const learned = experienceFor(task, profile.calls * decayTo(profile, now, policy.profileHalfLifeMs));
  const calls = learned >= option(settings, 'matureCalls') ? learned : 0;
  const tasks = peers !== null && peers.tasks >= option(settings, 'matureTasks') ? peers.tasks : 0;
  return calls === 0 && tasks === 0 ? null : { calls, tasks };
}

/**
 * Bits of surprise. Against the agent's own past: how often a call was the first of its kind. Against its peers: in how
 * few of their tasks it occurs. Where both are known the lesser counts: what peers do is no news.
 */
function rarity({ calls, tasks }: Ground, kinds: number, tasksWith: number | undefined): number {
  const own = calls === 0 ? Infinity : Math.log2((calls + 1) / (kinds + 1));
  const peers = tasks === 0 ? Infinity : Math.log2((tasks + 1) / ((tasksWith ?? 0) + 0.5));
  return Math.min(own, peers);
}

function sighting(
  look: Look,
  call: ToolCall,
  bits: number,
  what: 'server' | 'tool' | 'area',
  which: string,
  { calls, tasks }: Ground,
): Sighting | null {
  const { settings } = look;
  const from = option(settings, 'quietBits');
  if (bits <= from) return null;
  const weight = Math.min(1, (bits - from) / (option(settings, 'loudBits') - from));
  const share = option(settings, 'newShare') * weight * (call.effect === 'read' ? READ_SHARE : 1);
  const before = calls > 0 ? `In about ${Math.round(calls)} calls` : 'So far';
  const others = tasks > 0 ? `, and its peers hardly ever do (${tasks} tasks)` : '';
  const name = what === 'tool' ? which : `${what} ${which}`;
  const explanation = `${before} this agent had never used ${name}; now it did, with ${call.tool}${others} (${bits.toFixed(1)} bits).`;
  return { kind: `novelty/${what}/${bounded(which)}`, share, explanation };
}

function hasServer(names: readonly string[], server: string): boolean {
  for (const name of names) if (name[server.length] === '/' && name.startsWith(server)) return true;
  return false;
}
