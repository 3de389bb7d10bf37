/**
 * Who acts does not fit: not verified where it must be, changing within a task or a conversation, or in two places at once.
 * Evidence: a call of another principal or another delegation chain than its task began with; a conversation that goes on
 * under another principal; an asserted name that policy wants verified (`verified`); an agent that policy wants in one
 * place (`single`) active from two gateway instances in turn within `window`.
 * Limits: silent about places and assurance until policy names agents. Moving to another gateway is no second place, nor
 * is a gateway's restart: only an instance that comes back after another one was used. Nobody named is nobody else.
 * Several conversations on one task are ordinary.
 */
import type { ToolCall } from '#activity/types';
import { matchesName } from '../glob.js';
import { bounded, shortDigest } from '../hash.js';
import { LIMITS } from '../limits.js';
import type { DetectorSettings } from '../policy.js';
import type { AgentState, OpenTask, Place } from '../state.js';
import { NOTHING, option, type Detector, type Look, type Memory, type Sighting } from './detector.js';

const ACTORS_SHARE = 0.8;
const CONVERSATION_SHARE = 0.5;

export const identity: Detector = {
  name: 'identity',
  onCall: misfits,
  onRefused: misfits,
  rememberTask({ task }, started) {
    if (task !== null && started.actors.length > 0) task.chain = chainOf(started.actors);
  },
  rememberCall: rememberCaller,
};

function misfits(look: Look, call: ToolCall): readonly Sighting[] {
  const inTask = look.task === null ? NOTHING : misfitsOfTask(look.state, look.task, call);
  const ofAgent = misfitsOfAgent(look, call);
  if (inTask.length === 0) return ofAgent;
  return ofAgent.length === 0 ? inTask : [...inTask, ...ofAgent];
}

function misfitsOfTask(state: Readonly<AgentState>, task: OpenTask, call: ToolCall): readonly Sighting[] {
  const isOther = isOtherPrincipal(task, call);
  const isOtherChain = hasOtherChain(task, call);
  const before = takenOver(state, task);
  if (!isOther && !isOtherChain && before === null) return NOTHING;
  const found: Sighting[] = [];
  if (isOther) {
    const explanation = `Task ${task.id} is for ${shown(task.principal)}; ${named(call)} was called for ${shown(call.principal)}.`;
    found.push({ kind: 'identity/principal', share: 1, explanation });
  }
  if (isOtherChain) {
    const explanation = `Task ${task.id} began under another delegation chain than ${named(call)} was called under: ${chainInWords(call)}.`;
    found.push({ kind: 'identity/actors', share: ACTORS_SHARE, explanation });
  }
  if (before !== null) {
    const explanation = `A conversation of ${shown(before)} goes on for ${shown(call.principal)}, with ${named(call)}.`;
    found.push({ kind: 'identity/conversation', share: CONVERSATION_SHARE, explanation });
  }
  return found;
}

function misfitsOfAgent({ state, settings, now }: Look, call: ToolCall): readonly Sighting[] {
  const isClaimed = state.assurance === 'asserted' && isNamed(settings, 'verified', call.agent);
  const isTwice = isBack(state.places, call, now, settings);
  if (!isClaimed && !isTwice) return NOTHING;
  const found: Sighting[] = [];
  if (isClaimed) {
    const explanation = `${shown(call.agent)} only claims this name, and policy wants it verified; it called ${named(call)}.`;
    found.push({ kind: 'identity/asserted', share: 1, explanation });
  }
  if (isTwice) {
    const explanation = `The agent is active from two gateway instances at once, now from ${call.source} again, where policy wants it in one place.`;
    found.push({ kind: 'identity/places', share: 1, explanation });
  }
  return found;
}

function isOtherPrincipal(task: OpenTask, call: ToolCall): boolean {
  if (task.implicit || task.principal === null || call.principal === null) return false;
  return task.principal !== call.principal && task.principal !== bounded(call.principal);
}

/** Implicit tasks have no start that could have said so. */
function hasOtherChain(task: OpenTask, call: ToolCall): boolean {
  return !task.implicit && task.chain !== null && task.chain !== chainOf(call.actors);
}

/** Who used this conversation since this principal last did; null = nobody else. */
function takenOver(state: Readonly<AgentState>, task: OpenTask): string | null {
  if (!task.implicit || task.conversation === null || task.principal === null) return null;
  for (const other of state.tasks) {
    if (other.conversation !== task.conversation || other === task || !other.implicit) continue;
    const isOther = other.principal !== null && other.principal !== task.principal;
    if (isOther && (task.calls === 0 || other.lastAt >= task.lastAt)) return other.principal;
  }
  return null;
}

/** An instance used before, then another one, now it again: both are at work. */
function isBack(places: readonly Place[], call: ToolCall, now: number, settings: DetectorSettings): boolean {
  const at = places.findIndex(({ instance }) => instance === call.instance);
  if (at < 0 || at === places.length - 1) return false;
  const [before, last] = [places[at] as Place, places[places.length - 1] as Place];
  // Reported late, it says nothing of who is at work now.
  return last.at > before.at && call.time > last.at && now - before.at <= option(settings, 'window');
}

function rememberCaller({ settings, state, task }: Memory, call: ToolCall): void {
  if (task !== null && !task.implicit && task.chain === null) task.chain = chainOf(call.actors);
  if (!isNamed(settings, 'single', call.agent)) return;
  const others = state.places.filter(({ instance }) => instance !== call.instance);
  const known = state.places.find(({ instance }) => instance === call.instance);
  if (known !== undefined && known.at >= call.time) return;
  const places = [...others, { instance: call.instance, at: call.time }];
  state.places = places.toSorted((a, b) => a.at - b.at).slice(-LIMITS.places);
}

function isNamed({ options }: DetectorSettings, list: 'single' | 'verified', agent: string): boolean {
  const globs = options[list] as string[];
  return globs.some((glob) => matchesName(glob, agent));
}

/** As a short name; a list of actors never meets another one's. */
function chainOf(actors: readonly string[]): string {
  return actors.length === 0 ? '' : (chains.get(actors.join('\n')) ?? newChain(actors.join('\n')));
}

/** Few chains are used over and over, and a digest costs as much as a whole assessment: worked out once each. */
const chains = new Map<string, string>();
const CHAINS_MAX = 1_000;
function newChain(text: string): string {
  if (chains.size >= CHAINS_MAX) chains.clear();
  const digest = shortDigest(text);
  chains.set(text, digest);
  return digest;
}

const NAME_CHARACTERS = 64;
function shown(name: string | null): string {
  if (name === null) return 'nobody named';
  return name.length <= NAME_CHARACTERS ? name : `${name.slice(0, NAME_CHARACTERS)}…`;
}

function chainInWords({ actors }: ToolCall): string {
  return actors.length === 0 ? 'none' : shown(actors.join(' for '));
}

function named(call: ToolCall): string {
  return `${call.server}/${call.tool}`;
}
