/**
 * Where the arguments of a call came from: the intent, records, or somebody's text; followed through every call in
 * between. A target that came out of text that nobody the task trusts stands behind is the strongest sign there is of
 * an agent that works for somebody else.
 * Evidence: one piece per target, by how it came here (`shareOf`), on calls that are not reads, and on reads that go to a
 * site. Other reads carry on what they were given: their results inherit it.
 * Limits: values are told by fingerprint alone, so one that was paraphrased, split or encoded on the way counts as from
 * nowhere; harm without a target of its own says nothing here.
 */
import type { ToolCall, ToolResult, Value } from '#activity/types';
import { toolTerms } from '../actions.js';
import { AUTHOR_ALIAS, meantAuthors } from '../authors.js';
import { isSibling } from '../implicit-tasks.js';
import {
  addDue,
  addEntries,
  addFlight,
  addIntent,
  addLoss,
  addSource,
  copyOfLineage,
  flightsFor,
  isDue,
  isAddress,
  isTarget,
  isTelling,
  NO_LINEAGE,
  originIn,
  takeFlight,
  withinBounds,
  type Flight,
  type Lineage,
} from '../lineage.js';
import {
  entryOf,
  isTainted,
  isVouched,
  keyOf,
  knownOf,
  levelOf,
  ordered,
  outOfText,
  packedOf,
  restOf,
  SPREAD,
  unpacked,
  VOUCHER,
  vouched,
  wasAsked,
  withAsked,
  type Origin,
  type Voucher,
} from '../origin.js';
import { accountFor, type Account, type Requests } from '../requests.js';
import { weightAt } from '../risk.js';
import type { OpenTask } from '../state.js';
import { NOTHING, option, type Detector, type Look, type Memory, type Sighting } from './detector.js';

export const provenance: Detector = {
  name: 'provenance',
  onCall(look, call) {
    if (call.values.length === 0 || look.task === null || !isJudged(call)) return NOTHING;
    const worst = worstOf(look, look.task, call);
    return worst === null ? NOTHING : [sighting(look, call, worst)];
  },
  rememberTask(memory, started) {
    const task = memory.task as OpenTask;
    const { intentValues, intentAuthors, intentDelegates } = started;
    task.lineage = copyOfLineage(task.lineage);
    addIntent(task.lineage, intentValues, intentAuthors, intentDelegates);
    withinBounds(memory.state, task);
  },
  rememberCall(memory, call) {
    const task = memory.task as OpenTask;
    const flight = flightOf(memory, task, call);
    if (!isTelling(flight, task.lineage)) return;
    task.lineage = copyOfLineage(task.lineage);
    addFlight(task.lineage, call.callId, flight, flightsFor(memory.state.tasks.length));
  },
  rememberResult(memory, result) {
    const { task } = memory;
    if (task === null) return;
    const tells = result.values.length > 0 || result.valuesDropped > 0;
    if (!tells && (task.lineage === null || task.lineage.flights.length === 0)) return;
    task.lineage = copyOfLineage(task.lineage);
    const flight = takeFlight(task.lineage, result.callId);
    if (result.valuesDropped > 0) addLoss(task.lineage);
    if (result.values.length > 0) receive(memory, task.lineage, flight, result);
    withinBounds(memory.state, task);
  },
};

/** What a result inherits from its call. */
type InFlight = Omit<Flight, 'call'>;

/** Reads pass, unless they go to a site. */
function isJudged(call: ToolCall): boolean {
  return call.effect !== 'read' || call.values.some(goesTo);
}

function goesTo({ kind, standing }: Value): boolean {
  return standing === 'argument' && (kind === 'url' || kind === 'host');
}

/** One value of a call with what is known of it. */
interface Found {
  value: Value;
  origin: Origin;
  /** How much it still says: what other tasks left weighs less with age. */
  share: number;
  nowhere: boolean;
}

const NOWHERE: Origin = {
  level: 0,
  voucher: VOUCHER.nobody,
  imperative: false,
  line: false,
  foreign: false,
  asked: false,
  strong: true,
  source: 0,
};

/**
 * What the task, or another of its principal, knows of a value, as one number, so that nothing is made for values that
 * say nothing: 13 bits as in `origin.ts`, and above them who knows it. `UNMET` = nobody does, and nothing was lost either.
 */
const UNMET = -1;
const BY_PASSED = SPREAD;
const BY_OTHERS = 2 * SPREAD;

type At = Pick<Look, 'state' | 'policy' | 'now'>;

function whence(at: At, task: OpenTask, value: Value): number {
  const lineage = task.lineage ?? NO_LINEAGE;
  const key = keyOf(value.print);
  const own = originIn(lineage, key);
  if (own >= 0 && isTainted(own)) return own;
  const other = elsewhere(at, task, lineage, key);
  // Fields of this task say where it stands, not that nobody asked for it.
  if (own >= 0) return other >= 0 && wasAsked(other) ? other - knownOf(other) + withAsked(own) : own;
  if (other >= 0 || task.lineage === null || !isTarget(value.kind)) return other;
  if (lineage.lost > 0) return lineage.lost;
  const rest = restOf(lineage.passed);
  return rest === 0 ? UNMET : BY_PASSED + rest;
}

/** What other work of the principal knows of a value: of the past, then of tasks open beside this one. */
function elsewhere(at: At, task: OpenTask, lineage: Lineage, key: number): number {
  const passed = entryOf(lineage.passed, key);
  if (passed >= 0) return BY_PASSED + knownOf(passed);
  const { tasks } = at.state;
  if (tasks.length === 1) return UNMET;
  for (let i = 0; i < tasks.length; i++) {
    const other = tasks[i] as OpenTask;
    if (other.lineage === null || other === task || !isSibling(task, other)) continue;
    const theirs = originIn(other.lineage, key);
    // Another conversation may separate, never excuse: only what speaks against the value passes over.
    if (theirs >= 0 && isTainted(theirs)) return BY_OTHERS + i * SPREAD + theirs;
  }
  return UNMET;
}

/** What others knew weighs less with age. */
function ageShare({ state, policy, now }: At, task: OpenTask, found: number): number {
  if (found < BY_PASSED) return 1;
  const at =
    found < BY_OTHERS
      ? (task.lineage ?? NO_LINEAGE).passedAt
      : (state.tasks[Math.floor(found / SPREAD) - 2] as OpenTask).lastAt;
  return 2 ** (Math.min(0, at - now) / policy.exposureHalfLifeMs);
}

/** Of an argument's value; a page on a site, or a file in a folder, that the intent led to is vouched for by that. */
function traced(at: At, task: OpenTask, call: ToolCall, value: Value): number {
  const found = whence(at, task, value);
  if (!isInParts(value.kind) || isIntended(found)) return found;
  for (const part of call.values) {
    if (part === value || part.at !== value.at || !isInParts(part.kind)) continue;
    const other = whence(at, task, part);
    if (!isIntended(other)) continue;
    return found === UNMET ? knownOf(other) : vouched(found);
  }
  return found;
}

function isInParts(kind: Value['kind']): boolean {
  return kind === 'url' || kind === 'host' || kind === 'path';
}

/** The intent named it, or what the intent named led to it by fields of records alone. */
function isIntended(found: number): boolean {
  return found !== UNMET && isVouched(found) && levelOf(found) === 0;
}

function foundOf(at: At, task: OpenTask, value: Value, found: number): Found {
  if (found === UNMET) return { value, origin: NOWHERE, share: 1, nowhere: true };
  return { value, origin: unpacked(found), share: ageShare(at, task, found), nowhere: false };
}

function worstOf(look: Look, task: OpenTask, call: ToolCall): (Found & { weight: number }) | null {
  let worst: (Found & { weight: number }) | null = null;
  const due = isDue(task.lineage ?? NO_LINEAGE, call.tool) ? DUE_SHARE : 1;
  for (const value of call.values) {
    if (value.kind === 'amount' || (call.effect === 'read' && !goesTo(value))) continue;
    const one = foundOf(look, task, value, traced(look, task, call, value));
    // Without an intent nothing can be from nowhere.
    if (one.nowhere && (!isTarget(value.kind) || task.implicit)) continue;
    const weight = shareOf(call, one, task.requests) * one.share * due;
    if (weight > (worst?.weight ?? 0)) worst = { ...one, weight };
  }
  return worst;
}
/** What the system itself asked for is hardly a sign of anything. */
const DUE_SHARE = 0.15;

const ACTING: ReadonlySet<ToolCall['effect']> = new Set(['send', 'admin', 'delete', 'execute', 'unknown']);

/** How much an origin says against a call, 0–1. */
function shareOf(call: ToolCall, { value, origin, nowhere }: Found, requests: Requests | null): number {
  const { level, voucher, imperative, asked, line } = origin;
  const whole = value.standing === 'argument';
  if (nowhere) return whole ? 0.1 : 0;
  const acting = ACTING.has(call.effect) || call.effect === 'read';
  const kind = kindShare(value, asked && acting);
  // Within a longer text of the agent's own it is quoted, unless somebody asked to pass it on.
  const place = whole ? 1 : imperative && call.effect === 'send' ? 0.9 : 0.25;
  if (level === 0) return asked ? 0.35 * kind * place : 0;
  const deed = acting ? 1 : 0.85;
  const account = accountOf(call, requests, value);
  if (voucher !== VOUCHER.meant) return textShare(call, value, origin, account) * kind * place * deed;
  // Whoever may say what is to be done may not name a new account or address to send to.
  const beyond = account === 'unasked' || account === 'other';
  const leaves = imperative && (!line || beyond) && call.effect === 'send' && isAddress(value.kind);
  return (leaves ? 0.75 : imperative && acting ? 0.4 : 0.15) * kind * place;
}

function accountOf({ tool }: ToolCall, requests: Requests | null, { kind }: Value): Account {
  return accountFor(requests, toolTerms(tool).action, kind);
}

/** Of a target that came out of text nobody the task trusts stands behind. */
function textShare(
  { effect, tool }: ToolCall,
  { kind }: Value,
  { voucher, imperative, line }: Origin,
  account: Account,
): number {
  const named = voucher === VOUCHER.named;
  if (isAddress(kind)) {
    if (account === 'unasked' || account === 'other') {
      // What is named leads on, as pages do; where other pages are asked for by name, less so.
      if (named && !imperative && effect === 'read') return account === 'other' ? 0.55 : 0.35;
      return (named ? BEYOND_NAMED : BEYOND)[imperative ? 'told' : line ? 'line' : 'prose'];
    }
    if (line) return imperative ? (named ? 0.35 : 0.9) : named ? 0.2 : 0.5;
    if (imperative) return named ? 0.8 : 1;
    return named ? (account === 'open' ? 0.2 : 0.35) : 0.55;
  }
  // Codes that let a user in come by mail, in a sentence.
  const enters = toolTerms(tool).action === 'enter';
  if (!line) return imperative ? (named ? 0.8 : 1) : named ? 0.35 : enters ? 0.4 : 0.6;
  // An id on a line of its own is a reference as records have them, for work that is asked for.
  if (account === 'unasked' && !named) return enters ? 0.4 : imperative ? 0.9 : 0.7;
  return imperative ? (named ? 0.2 : 0.45) : named ? 0.1 : 0.25;
}

/** An address out of text, for a call that the intent does not ask for, or asks for with addresses of its own. */
const BEYOND = { told: 1, prose: 0.9, line: 0.85 };
const BEYOND_NAMED = { told: 0.95, prose: 0.8, line: 0.75 };

function kindShare(value: Value, asked: boolean): number {
  if (isTarget(value.kind)) return 1;
  if (value.standing !== 'argument') return 0;
  return asked ? 0.7 : 0.3;
}

/** From this share on a target says so by itself. */
const PLAIN_SHARE = 0.6;
/** What a lesser one adds at least, where others have said as much before. */
const LEAST_ADDED = 0.125;

/** Several targets of the lesser kind say little more than the worst of them: only what it adds to the others counts. */
function shareAfter(look: Look, kind: string, share: number): number {
  if (share >= PLAIN_SHARE) return share;
  let doubt = 1;
  for (const piece of look.state.evidence)
    if (piece.detector === 'provenance' && piece.task === look.task?.id && piece.kind !== kind)
      doubt *= 1 - weightAt(piece, look.now);
  const { weight } = look.settings;
  return Math.max(1 - (1 - share * weight) / doubt, share * weight * LEAST_ADDED) / weight;
}

function sighting(
  look: Look,
  call: ToolCall,
  { value, origin, weight, nowhere }: Found & { weight: number },
): Sighting {
  const { settings, task } = look;
  const undeclared = task?.implicit ? option(settings, 'undeclaredShare') : 1;
  const name = `${call.server}/${call.tool}`;
  const source = task?.lineage?.sources[origin.source - 1];
  const from = source === undefined ? 'earlier results' : `what ${source} returned`;
  const whose = task?.implicit ? 'nobody declared what the work is' : WHOSE[origin.voucher];
  const asked = origin.imperative || origin.asked ? ', beside words that tell the reader to act' : '';
  const explanation = nowhere
    ? `The ${value.kind} that ${name} was given stood neither in the intent nor in any result.`
    : `The ${value.kind} that ${name} was given came out of text in ${from}${asked}; ${whose}.`;
  const kind = nowhere ? 'provenance/nowhere' : `provenance/${value.print}`;
  return { kind, share: shareAfter(look, kind, weight) * undeclared, explanation };
}

const WHOSE: Record<Voucher, string> = {
  [VOUCHER.nobody]: 'nobody the task names stands behind it',
  [VOUCHER.named]: 'the task led to it, and did not ask for it',
  [VOUCHER.meant]: 'the intent means its author, but not this target',
};

/** Its answer is the system's own. What nobody knows to change something may well have read somebody's text. */
function changes(effect: ToolCall['effect']): boolean {
  return effect !== 'read' && effect !== 'unknown';
}

/** What the call's result inherits: the worst of its arguments. */
function flightOf(memory: Memory, task: OpenTask, call: ToolCall): InFlight {
  let taint = 0;
  let named = false;
  let strange = false;
  for (const value of call.values) {
    if (value.kind === 'amount') continue;
    const found = traced(memory, task, call, value);
    if (isIntended(found)) named = true;
    else strange = true;
    // Common words stand everywhere: they carry on only what somebody asked for.
    if (found !== UNMET && (isTarget(value.kind) ? isTainted(found) : wasAsked(found)))
      taint = Math.max(taint, outOfText(knownOf(found)));
  }
  return { taint, named: named && !strange, acts: changes(call.effect) };
}

function receive(memory: Memory, lineage: Lineage, flight: InFlight, result: ToolResult): void {
  const source = addSource(memory.state, lineage, result.server, result.tool);
  const brought = broughtBy(lineage, flight, result, source);
  const entries: number[] = [];
  for (const value of result.values) {
    if (value.kind === 'amount' || value.at === AUTHOR_ALIAS) continue;
    entries.push(keyOf(value.print) + originOf(brought, value));
  }
  addEntries(lineage, ordered(entries));
  noteDue(lineage, flight, result);
}

/** What the system's own answer to a call asks for, as one that wants an account verified first, is no stranger's wish. */
function noteDue(lineage: Lineage, { acts, taint }: InFlight, { trust, requests }: ToolResult): void {
  if (trust !== 'own' || !acts || unpacked(taint).asked || requests.length === 0) return;
  const tools = requests.flatMap(({ tool, mood }) => (mood === 'mentioned' ? [] : [tool]));
  if (tools.length > 0) addDue(lineage, tools);
}

/** What all values of a result have in common. */
interface Brought {
  inherited: Origin;
  /** The system's own answer to a call that is no read … */
  answer: boolean;
  /** … or that of somebody unknown. */
  reply: boolean;
  foreign: boolean;
  source: number;
  authors: ReadonlySet<string>;
  /** The intent has sources of its own; it leaves what is to be done to a text; it named what was asked for. */
  sourced: boolean;
  delegates: boolean;
  named: boolean;
}

function broughtBy(lineage: Lineage, flight: InFlight, result: ToolResult, source: number): Brought {
  return {
    inherited: unpacked(flight.taint),
    answer: result.trust === 'own' && flight.acts,
    reply: flight.acts && result.trust === 'unknown',
    foreign: result.trust !== 'own',
    source,
    authors: meantAuthors(lineage, result),
    sourced: lineage.authors.length > 0,
    delegates: lineage.delegates,
    named: flight.named || isPointedAt(unpacked(flight.taint)),
  };
}

/** Somebody whom the intent means pointed at what was read: that is its word as little as anybody's, and no stranger's. */
function isPointedAt({ level, voucher }: Origin): boolean {
  return level > 0 && voucher === VOUCHER.meant;
}

/** The origin of a value, packed: there may be many, so that nothing is made for each of them. */
function originOf(brought: Brought, value: Value): number {
  const { inherited, answer, reply, foreign, source } = brought;
  const tainted = inherited.level > 0;
  const prose = value.standing === 'prose';
  const loose = prose || value.standing === 'line';
  // A line within a text that others write is as free as its prose.
  const stranger = prose || (loose && foreign);
  const own = answer ? VOUCHER.meant : reply ? VOUCHER.named : voucherOf(brought, value);
  const voucher = tainted && inherited.voucher < own ? inherited.voucher : own;
  const imperative = (loose && value.imperative && !answer && !reply) || (tainted && inherited.imperative);
  return packedOf(
    inherited.level + (stranger && !answer ? 1 : 0),
    voucher,
    imperative,
    stranger && !prose,
    foreign,
    imperative && voucher === VOUCHER.nobody,
    isTarget(value.kind),
    source,
  );
}

function voucherOf({ authors, sourced, delegates, named }: Brought, value: Value): Voucher {
  const { author, at, standing } = value;
  if (author !== null && authors.has(author)) return VOUCHER.meant;
  if (!named) return VOUCHER.nobody;
  // A document or message that was meant; not what strangers put into a field of the records found.
  if (author === null && at !== '' && standing !== 'field') return VOUCHER.nobody;
  const other = author !== null && sourced;
  return delegates && !other ? VOUCHER.meant : VOUCHER.named;
}
