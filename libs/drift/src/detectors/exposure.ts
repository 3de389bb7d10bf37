/**
 * Untrusted content, sensitive data and a way out, the three together in one task, in any order and at any distance.
 * Evidence: a call that leads out after the other two, or a result that brings the last of them once the task has used a
 * way out. Graded by how sensitive the data is, how untrusted the content, how surely the call leads outside and how little
 * is known of its recipient: named by the intent or kept in a record's field, out of text somebody vouches for, met nowhere,
 * or out of text nobody stands behind. Data of the most sensitive classes counts at a way out even where everything read
 * was of one's own: it leaks all the same.
 * Limits: a recipient that the scope approves is no way out, nor is an address inside, nor a send that names nobody unless
 * the data itself is in it; a class that the scope names is approved to be worked with. Marks passed on by another task
 * weigh less with age. Light classes, and ways out that may stay inside, are one piece however many recipients, so that
 * ordinary mail does not pile up.
 */
import type { ToolCall, ToolResult, Trust } from '#activity/types';
import { originIn } from '../lineage.js';
import { marked, markShare } from '../marks.js';
import { keyOf, unpacked, VOUCHER } from '../origin.js';
import { sensitivityOf } from '../sensitivity.js';
import type { OpenTask } from '../state.js';
import { NOTHING, option, type Detector, type Look, type Memory, type Sighting } from './detector.js';

/** How much content of others counts: whose it is may be unknown. */
const UNTRUSTED: Record<Exclude<Trust, 'own'>, number> = { 'third-party': 1, unknown: 0.75 };
/** What is left when everything read was one's own, for the most sensitive classes only. */
const OWN_SHARE = 0.7;
/** Nothing says that such a call goes outside: it may well stay inside. A read of a web address carries little out. */
const MAYBE_OUTSIDE = 0.26;
/** The data itself is in what is sent, to whom is not said. */
const TO_NOBODY_NAMED = 0.65;
/** The intent names the recipient, or a record has it in a field of its own: approved or known, not for whatever was read. */
const KNOWN_SHARE = 0.1;
/** It came out of text that the intent stands behind. */
const VOUCHED_SHARE = 0.2;
/** Met nowhere: weak by itself, people write to whom they know. */
const UNMET_SHARE = 0.6;
/** The way out was used before the last of the three came: nothing of it has left yet. */
const EARLIER_SHARE = 0.3;

export const exposure: Detector = {
  name: 'exposure',
  onCall: leaving,
  onResult: gathered,
  rememberCall: rememberWayOut,
};

/** What a task was exposed to, as far as it matters here. */
interface Exposed {
  /** The most sensitive class, and how sensitive, aged where it was passed on. */
  name: string;
  sensitivity: number;
  /** 0–1. */
  untrusted: number;
}

function leaving(look: Look, call: ToolCall): readonly Sighting[] {
  const { task } = look;
  if (task === null || task.marks.length === 0) return NOTHING;
  const out = wayOut(task, call);
  if (out === 0 && (call.effect !== 'send' || call.destination !== null)) return NOTHING;
  const exposed = exposedTo(look, task);
  if (exposed === null) return NOTHING;
  const isHeavy = exposed.sensitivity >= option(look.settings, 'minSensitivity');
  const whose = Math.max(exposed.untrusted, isHeavy ? OWN_SHARE : 0);
  // The same class is in what is sent: it need not be the same data, but it is leaving.
  const isCarried = call.effect === 'send' && call.dataClasses.includes(exposed.name);
  const carried = call.destination === null ? TO_NOBODY_NAMED : 1;
  const sure = isCarried && (out > 0 || isHeavy) ? carried : out;
  const share = exposed.sensitivity * whose * sure * strangeness(task, call, isHeavy);
  if (share < option(look.settings, 'minShare')) return NOTHING;
  const mixed = exposed.untrusted > 0 ? ` and content that others write` : '';
  const explanation = `After reading ${exposed.name} data${mixed} the agent went on to ${call.effect} with ${call.server}/${call.tool}, ${placeOf(call)}.`;
  return [{ kind: kindOf(exposed, isHeavy && sure >= TO_NOBODY_NAMED ? call : null), share, explanation }];
}

/** Whom it went to is part of it where it surely left: what was settled for one recipient says nothing of another. */
function kindOf({ name }: Exposed, call: ToolCall | null): string {
  if (call === null) return `exposure/${name}`;
  return `exposure/${name}/${call.effect}${call.destination === null ? '' : `/${call.destination.print}`}`;
}

/** A result brings the last of the three, or a worse one. Results that bring nothing new say nothing. */
function gathered(look: Look, result: ToolResult): readonly Sighting[] {
  const { task } = look;
  if (task === null) return NOTHING;
  const used = earlierWayOut(task);
  if (used === 0) return NOTHING;
  const before = exposedTo(look, task);
  const after = exposedTo(look, task, result);
  if (after === null || after.untrusted === 0) return NOTHING;
  if (before !== null && worth(before) >= worth(after)) return NOTHING;
  const share = worth(after) * used * EARLIER_SHARE;
  if (share < option(look.settings, 'minShare')) return NOTHING;
  const explanation = `The task that had already used a way out now has ${after.name} data and content that others write, last from ${result.server}/${result.tool}.`;
  return [{ kind: `exposure/${after.name}`, share, explanation }];
}

function worth({ sensitivity, untrusted }: Exposed): number {
  return sensitivity * untrusted;
}

/** 0 = it stays inside or its recipient is approved, 1 = it goes outside. */
function wayOut(task: OpenTask, call: ToolCall): number {
  const { effect, destination } = call;
  if (destination === null) return OPENING.has(effect) ? MAYBE_OUTSIDE : 0;
  if (task.scope?.destinations?.includes(destination.print)) return 0;
  if (destination.place === 'internal') return OPENING.has(effect) ? MAYBE_OUTSIDE : 0;
  return destination.place === 'external' && effect !== 'read' ? 1 : MAYBE_OUTSIDE;
}
/** Code that runs may lead anywhere, whatever address it names. */
const OPENING: ReadonlySet<string> = new Set(['execute', 'unknown']);

/** How little is known of the recipient: 1 where it came out of text that nobody stands behind. */
function strangeness({ lineage }: OpenTask, { destination }: ToolCall, isHeavy: boolean): number {
  if (destination === null || lineage === null) return 1;
  const known = originIn(lineage, keyOf(destination.print));
  if (known < 0) return isHeavy ? 1 : UNMET_SHARE;
  const { level, voucher, asked } = unpacked(known);
  if (asked) return 1;
  if (level === 0) return KNOWN_SHARE;
  return voucher === VOUCHER.nobody ? 1 : VOUCHED_SHARE;
}

/** Null = nothing sensitive. With `result`, as it will be once that is read too. */
function exposedTo({ policy, now }: Look, task: OpenTask, result?: ToolResult): Exposed | null {
  let name = '';
  let sensitivity = 0;
  let untrusted = result === undefined || result.trust === 'own' ? 0 : UNTRUSTED[result.trust];
  const weigh = (one: string, share: number) => {
    if (share <= sensitivity || task.scope?.dataClasses?.includes(one)) return;
    name = one;
    sensitivity = share;
  };
  for (const mark of task.marks) {
    const share = markShare(mark, now, policy.exposureHalfLifeMs);
    if (mark.what === 'class') weigh(mark.name, sensitivityOf(policy.dataClasses, mark.name) * share);
    else if (mark.what === 'trust') {
      untrusted = Math.max(untrusted, UNTRUSTED[mark.name as 'third-party' | 'unknown'] * share);
    }
  }
  for (const one of result?.dataClasses ?? []) weigh(one, sensitivityOf(policy.dataClasses, one));
  return sensitivity === 0 ? null : { name, sensitivity, untrusted };
}

/** Marks of the ways out that a task has used, by how surely they led outside. */
const OUTSIDE = 'outside';
const MAYBE = 'maybe';

function earlierWayOut(task: OpenTask): number {
  let used = 0;
  for (const mark of task.marks) {
    if (mark.what === 'out') used = Math.max(used, mark.name === OUTSIDE ? 1 : MAYBE_OUTSIDE);
  }
  return used;
}

/** Once is enough: a way out stays one. */
function rememberWayOut({ policy, task }: Memory, call: ToolCall): void {
  if (task === null) return;
  const out = wayOut(task, call);
  if (out === 0 || strangeness(task, call, true) < 1) return;
  const name = out === 1 ? OUTSIDE : MAYBE;
  if (task.marks.some((mark) => mark.what === 'out' && mark.name === name && !mark.inherited)) return;
  task.marks = marked(policy, task.marks, { what: 'out', name, at: call.time, inherited: false });
}

function placeOf({ destination }: ToolCall): string {
  if (destination === null) return 'which names no recipient';
  return destination.place === 'external' ? 'which leads outside' : 'and nothing shows that it stays inside';
}
