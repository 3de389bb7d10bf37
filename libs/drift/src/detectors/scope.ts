/**
 * Tool, effect, resource, recipient or data class outside what the task was approved for.
 * Evidence: one piece per distinct deviation (what and which), full weight when the call is not a read, less than half when it is.
 * An estimated scope is a guess, not a boundary: a call outside it is a sign that adds to others, and a lesser one where
 * its tool is about what a granted one is about.
 * Limits: implicit tasks and tasks without scope have none; a kind left open (`null`) allows everything of its kind.
 */
import { clipText, type Effect, type Scope, type ToolCall, type ToolResult } from '#activity/types';
import { toolTerms } from '../actions.js';
import { matchesName, matchesResource, resourcesIn } from '../glob.js';
import { shortDigest } from '../hash.js';
import { NOTHING, option, type Detector, type Look, type Sighting } from './detector.js';

/** Reads outside the scope worry less: they do no harm by themselves. */
const READ_SHARE = 0.42;
/** A tool about the same things as a granted one is a likelier step of the task. */
const RELATED_SHARE = 0.5;
/** Effects that change something named by a resource: without a name it cannot be shown to be inside. */
const NEEDS_RESOURCE: ReadonlySet<Effect> = new Set(['write', 'delete', 'unknown']);

export const scope: Detector = {
  name: 'scope',
  onCall(look, call) {
    const limits = look.task?.scope;
    if (!limits) return NOTHING;
    const outside = deviations(limits, call);
    if (outside.length === 0) return NOTHING;
    const share = (call.effect === 'read' ? READ_SHARE : 1) * guessed(look, limits, call.tool);
    return [sighting(look, outside, share, `called ${call.server}/${call.tool}`)];
  },
  onResult(look, result) {
    const classes = classesOutside(look.task?.scope, result);
    if (classes.length === 0) return NOTHING;
    const outside = classes.map((name) => ({ what: 'data class', which: name }));
    const share = READ_SHARE * guessed(look, look.task?.scope as Scope, result.tool);
    return [sighting(look, outside, share, `got data from ${result.server}/${result.tool}`)];
  },
};

/** Share of an estimated scope's word, by what its tools are about; 1 = somebody approved it. */
function guessed(look: Look, { estimated, tools }: Scope, tool: string): number {
  if (!estimated) return 1;
  const share = option(look.settings, 'estimatedShare');
  const { topicHashes } = toolTerms(tool);
  const related = tools?.some((granted) =>
    toolTerms(granted).topicHashes.some((topic) => topicHashes.includes(topic)),
  );
  return related ? share * RELATED_SHARE : share;
}

interface Deviation {
  what: string;
  which: string;
}

function sighting(look: Look, outside: Deviation[], share: number, did: string): Sighting {
  const named = outside.map(({ what, which }) => `${what} ${shown(which)}`).join(', ');
  const kind = `scope/${look.task?.scope?.estimated ? 'estimated/' : ''}${shortDigest(outside.map(({ what, which }) => `${what}\n${which}`).join('\n'))}`;
  return {
    kind,
    share,
    explanation: `The agent ${did} outside the ${look.task?.scope?.estimated ? 'estimated ' : ''}scope of task ${look.task?.id}: ${named}.`,
  };
}

function deviations(limits: Scope, call: ToolCall): Deviation[] {
  const found: Deviation[] = [];
  if (limits.effects !== null && !limits.effects.includes(call.effect))
    found.push({ what: 'effect', which: call.effect });
  if (limits.tools !== null && !toolInside(limits.tools, call)) {
    found.push({ what: 'tool', which: `${call.server}/${call.tool}` });
  }
  if (limits.resources !== null && !resourceInside(limits.resources, call)) {
    found.push({ what: 'resource', which: call.resource ?? '(not named)' });
  }
  if (limits.destinations !== null && !destinationInside(limits.destinations, call)) {
    found.push({ what: 'recipient', which: call.destination?.print ?? '(not named)' });
  }
  for (const name of classesOutside(limits, call)) found.push({ what: 'data class', which: name });
  return found;
}

export function toolInside(tools: string[], call: ToolCall): boolean {
  return tools.some(
    (glob) => matchesName(glob, call.tool) || matchesName(glob, `${call.server}/${call.tool}`),
  );
}

export function resourceInside(globs: string[], call: ToolCall): boolean {
  if (call.resource === null) return !NEEDS_RESOURCE.has(call.effect);
  const named = resourcesIn(call.resource);
  return named !== null && named.every((resource) => globs.some((glob) => matchesResource(glob, resource)));
}

/** What is sent to nobody that can be told cannot be shown to go where it may. */
function destinationInside(prints: string[], call: ToolCall): boolean {
  return call.destination === null ? call.effect !== 'send' : prints.includes(call.destination.print);
}

/** `public` data needs no approval. */
function classesOutside(limits: Scope | null | undefined, touched: ToolCall | ToolResult): string[] {
  const allowed = limits?.dataClasses;
  if (!allowed) return [];
  return touched.dataClasses.filter((name) => name !== 'public' && !allowed.includes(name));
}

const SHOWN_CHARACTERS = 96;
function shown(text: string): string {
  if (text.length <= SHOWN_CHARACTERS) return text;
  // Half a character at the cut could not be written down.
  return `…${clipText(text.slice(text.length - SHOWN_CHARACTERS), Infinity)}`;
}
