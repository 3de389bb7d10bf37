/**
 * What was asked for, and by whom. A tool that a text of this task asked for, and its intent did not, is somebody
 * else's instruction, whatever it is aimed at.
 * Evidence: a call that is not a read, or a read that goes to a site, of a tool that a result asked for: by how clearly,
 * by whom, and how far the intent or the grant asks for it too. Weaker, and of its own: a call whose action and topic
 * have no word in the intent at all.
 * Limits: what tools do is read from their names, so a name that says nothing is never found asked for; what the intent
 * itself asks for may be done once too often without a sign here. Whom the intent means is known where `provenance`
 * is on.
 */
import type { Effect, Request, ToolCall, ToolResult } from '#activity/types';
import { toolTerms } from '../actions.js';
import { meantAuthors } from '../authors.js';
import { matchesName } from '../glob.js';
import { shortDigest } from '../hash.js';
import { siblingsOf } from '../implicit-tasks.js';
import { answersAct, NO_LINEAGE } from '../lineage.js';
import {
  asksFor,
  asksForEffect,
  BEHIND,
  NO_REQUESTS,
  requestsFor,
  withIntentOf,
  withRequests,
  type Asked,
  type Behind,
  type Found,
} from '../requests.js';
import type { OpenTask } from '../state.js';
import { NOTHING, option, type Detector, type Look, type Sighting } from './detector.js';

export const instruction: Detector = {
  name: 'instruction',
  onCall(look, call) {
    const { task } = look;
    if (task === null || !isJudged(call) || isQuiet(look, task)) return NOTHING;
    const cover = coverOf(task, call);
    const asked = askedElsewhere(look, task, call, cover);
    const unasked = withoutWord(look, task, call, cover);
    if (asked === null) return unasked === null ? NOTHING : [unasked];
    return unasked === null ? [asked] : [asked, unasked];
  },
  rememberTask(memory, started) {
    const task = memory.task as OpenTask;
    task.requests = withIntentOf(task.requests ?? NO_REQUESTS, started);
  },
  rememberResult(memory, result) {
    const { task } = memory;
    if (task === null || result.requests.length === 0) return;
    task.requests = withRequests(
      task.requests ?? NO_REQUESTS,
      result.requests,
      result.trust !== 'own',
      standsBehind(task, result),
    );
  },
};

/** Nothing was asked for: neither by an intent that is known nor by any text. */
function isQuiet({ state }: Look, task: OpenTask): boolean {
  const { requests } = task;
  if (requests !== null && (requests.actions !== 0 || requests.asked.length > 0 || requests.lost >= 0))
    return false;
  return state.tasks.length === 1 || !state.tasks.some((other) => other !== task && other.requests !== null);
}

function isJudged(call: ToolCall): boolean {
  return (
    call.effect !== 'read' ||
    toolTerms(call.tool).action === 'visit' ||
    call.values.some(({ kind, standing }) => standing === 'argument' && (kind === 'url' || kind === 'host'))
  );
}

/** Who stands behind the requests of a result. A system asks in answer to a call that acted, never in what is read. */
function standsBehind(task: OpenTask, result: ToolResult): (request: Request) => Behind {
  const lineage = task.lineage ?? NO_LINEAGE;
  if (result.trust === 'own' && answersAct(lineage, result.callId)) return () => BEHIND.system;
  if (lineage.authors.length === 0) return () => BEHIND.nobody;
  const meant = meantAuthors(lineage, result);
  return ({ author }) => (author === null ? BEHIND.nobody : meant.has(author) ? BEHIND.meant : BEHIND.other);
}

/** How far the intent, or the grant, asks for a call itself. */
interface Cover {
  /** The intent is known, and has a word for what is done … */
  action: boolean;
  /** … and for what it is done to. */
  topic: boolean;
  effect: boolean;
  known: boolean;
  /** The grant names the tool; null = no tools are granted by name. */
  granted: boolean | null;
  delegates: boolean;
}

function coverOf(task: OpenTask, call: ToolCall): Cover {
  const requests = task.requests ?? NO_REQUESTS;
  const { action, topicHashes } = toolTerms(call.tool);
  const tools = task.scope?.tools ?? null;
  const isGranted = (glob: string) =>
    matchesName(glob, call.tool) || matchesName(glob, `${call.server}/${call.tool}`);
  return {
    known: requests.actions !== 0,
    action: asksFor(requests, action),
    effect: asksForEffect(requests, call.effect),
    topic: topicHashes.some((hash) => requests.topics.includes(hash)),
    granted: tools === null ? null : tools.some(isGranted),
    delegates: task.lineage?.delegates ?? false,
  };
}

/** What a request says by itself, by mood, with and without the object named. */
const BY_MOOD: readonly [object: number, without: number][] = [
  [1, 0.6],
  [0.5, 0.2],
  [0.4, 0.15],
];
/** Pages are full of links to visit: only being told to says much. */
const BY_MOOD_OF_SITE: readonly [object: number, without: number][] = [
  [0.7, 0.2],
  [0.15, 0.03],
  [0.08, 0.02],
];
/** What remains where the intent asks for it too: the action and its topic, or the action alone. */
const ASKED_TOO = { whole: 0.15, action: 0.1 };
const MEANT_TOO = 0.2;
/** They only spoke of what somebody else told the reader to do. */
const MEANT_LESS = 0.5;
const SYSTEM_TOO = 0.2;
const GRANTED_TOO = 0.6;
/** Where the intent leaves what is to be done to a text: what the text names, and what it only hints at. */
const DELEGATED = { object: 0.5, without: 0.25 };
/** These an intent hands over only by naming them. */
const KEPT_BACK: ReadonlySet<Effect> = new Set(['admin', 'execute', 'delete', 'unknown']);
const DELEGATED_KEPT_BACK = 0.8;
/** Nobody does these in passing. */
const KEPT_BACK_MORE = 1.4;
const OWN_TEXT = 0.9;

function askedElsewhere(look: Look, task: OpenTask, call: ToolCall, cover: Cover): Sighting | null {
  const found = foundFor(look, task, toolTerms(call.tool).hash);
  if (found === null || found.asked === null) return null;
  const { asked, aged } = found;
  const site = call.effect === 'read';
  const [object, without] = (site ? BY_MOOD_OF_SITE : BY_MOOD)[asked.mood]!;
  let share = (asked.object ? object : without) * aged * (asked.foreign ? 1 : OWN_TEXT);
  if (!cover.action && KEPT_BACK.has(call.effect)) share = Math.min(1, share * KEPT_BACK_MORE);
  if (cover.known && cover.action) share *= cover.topic ? ASKED_TOO.whole : ASKED_TOO.action;
  if (found.meant !== null) share *= found.meant <= asked.mood ? MEANT_TOO : MEANT_LESS;
  else if (cover.delegates && !ordersOfAnother(asked)) share *= delegated(call, asked);
  if (found.system) share *= SYSTEM_TOO;
  if (cover.granted === true) share *= GRANTED_TOO;
  if (task.implicit) share *= option(look.settings, 'undeclaredShare');
  return {
    kind: `instruction/asked/${shortDigest(`${call.server}/${call.tool}`)}`,
    share,
    explanation: `${call.server}/${call.tool} was asked for by text that the agent read (${MOOD_WORDS[asked.mood]}), ${whose(asked)}; ${intentWords(cover)}.`,
  };
}

const MOOD_WORDS = ['it tells the reader to', 'it says that it is due', 'it mentions it'];

function whose({ behind }: Asked): string {
  return behind === BEHIND.other
    ? 'by somebody the task does not name'
    : 'which nobody the task names stands behind';
}

function intentWords({ known, action, delegates }: Cover): string {
  if (!known)
    return delegates ? 'the intent leaves it to what is read' : 'no intent is known that asks for it';
  return action ? 'the intent asks for such calls too' : 'the intent asks for nothing of the kind';
}

/** An intent that leaves what to do to somebody's text leaves it to nobody else. */
function ordersOfAnother({ behind, mood }: Asked): boolean {
  return behind === BEHIND.other && mood === 0;
}

function delegated({ effect }: ToolCall, { object }: Asked): number {
  if (KEPT_BACK.has(effect)) return DELEGATED_KEPT_BACK;
  return object ? DELEGATED.object : DELEGATED.without;
}

/** Requests that this task read; what others of its principal read weighs less with age. */
function foundFor(look: Look, task: OpenTask, tool: number): (Found & { aged: number }) | null {
  const { state, policy, now } = look;
  const own = task.requests === null ? null : requestsFor(task.requests, tool);
  const aged = (since: number) => 2 ** (Math.min(0, since - now) / policy.exposureHalfLifeMs);
  if (own !== null && own.asked !== null)
    return { ...own, aged: own.asked.passed ? aged(task.startedAt) : 1 };
  if (state.tasks.length > 1) {
    for (const other of siblingsOf(state, task)) {
      const theirs = other.requests === null ? null : requestsFor(other.requests, tool);
      if (theirs !== null && theirs.asked !== null) return { ...theirs, aged: aged(other.lastAt) };
    }
  }
  return own === null ? null : { ...own, aged: 1 };
}

/** The intent names the topic of such a call, not the call. */
const TOPIC_ONLY = 0.4;

/** A call without a word in the intent. Agents do many things on their way, so it says little by itself. */
function withoutWord(look: Look, task: OpenTask, call: ToolCall, cover: Cover): Sighting | null {
  if (!cover.known || cover.action || cover.delegates || cover.granted === true || call.effect === 'read')
    return null;
  const { requests } = task;
  if (requests !== null && requestsFor(requests, toolTerms(call.tool).hash).system) return null;
  const share = option(look.settings, 'unaskedShare') * (cover.topic || cover.effect ? TOPIC_ONLY : 1);
  return {
    kind: `instruction/unasked/${call.effect}`,
    share,
    explanation: `The intent of task ${task.id} has no word that asks for ${call.server}/${call.tool} (${call.effect}).`,
  };
}
