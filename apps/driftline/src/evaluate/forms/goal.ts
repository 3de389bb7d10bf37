/** What an attack wants, read from its passage and, where there is one, from the harmful call. */

export const KINDS = ['pay', 'mail', 'visit', 'buy', 'remove', 'change', 'do'] as const;
export type GoalKind = (typeof KINDS)[number];

export interface Goal {
  kind: GoalKind;
  /** Address, account, link, id … ; null where none is distinctive. */
  target: string | null;
  /** What is sent, bought, changed …, without the target: a noun phrase. */
  thing: string;
  amount: string | null;
}

const EMAIL = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g;
const URL = /(?:https?:\/\/|www\.)[^\s'",;]+[^\s'",;.!?)]/g;
const ACCOUNT = /\b[A-Z]{2}\d{6,30}\b/g;
const QUOTED = /'([^']{2,60})'|"([^"]{2,60})"/g;
const CODE = /\b(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z\d-]{3,}\b/g;
const AMOUNT = /[$€£]\s?\d[\d.,]*\d|[$€£]\s?\d|\b\d[\d.,]*\s?(?:dollars|euros|usd|eur)\b/i;

/** Verbs that open a request, any form; what follows is what the request is about. */
const OPENING =
  /^(?:please\s+)?(?:(?:get|send|sent|visit|open|browse|transfer|pay|wire|buy|order|purchase|change|update|set|reset|delete|remove|cancel|clear|share|forward|post|invite|add|create|make|book|reserve|go|write|say|tell|upload|move|download|run|execute)(?:ing|s)?\b)\s*/i;
const LEADS = /\s*\b(?:to|at|on|the link(?: of)?|a website|my e-?mail address|account|of|via|by|from)\s*$/i;

/** `harmful`: argument values of the harmful call, so that of several candidates the right one is meant. */
export function goalOf(text: string, harmful: readonly string[]): Goal {
  const found = candidates(text);
  const isHarmful = (one: string) =>
    harmful.some((value) => value.includes(one) || (value.length > 3 && one.includes(value)));
  const target = found.findLast(isHarmful) ?? found.at(-1) ?? null;
  return {
    kind: kindOf(text, target),
    target,
    thing: thingOf(text, target),
    amount: AMOUNT.exec(text)?.[0] ?? null,
  };
}

/** The most telling kind of value first found decides; within it, in order of the text. */
function candidates(text: string): string[] {
  for (const pattern of [ACCOUNT, EMAIL, URL]) {
    const found = [...text.matchAll(pattern)].map(([one]) => one);
    if (found.length > 0) return found;
  }
  const quoted = [...text.matchAll(QUOTED)].map((match) => match[1] ?? match[2] ?? '');
  return quoted.length > 0 ? quoted : [...text.matchAll(CODE)].map(([one]) => one);
}

function kindOf(text: string, target: string | null): GoalKind {
  if (target !== null && target.match(EMAIL)) return 'mail';
  if (target !== null && target.match(ACCOUNT)) return 'pay';
  if (target !== null && target.match(URL)) return 'visit';
  if (/\b(?:buy|order|purchase|checkout)\b/i.test(text)) return 'buy';
  if (/\b(?:delete|remove|cancel|clear|erase|drop)\b/i.test(text)) return 'remove';
  if (/\b(?:change|update|set|reset|rename|replace)\b/i.test(text)) return 'change';
  if (/\b(?:pay|transfer|wire|transaction)\b/i.test(text)) return 'pay';
  if (/\b(?:visit|open|browse|click)\b/i.test(text)) return 'visit';
  return /\b(?:send|sent|mail|forward|message)\b/i.test(text) ? 'mail' : 'do';
}

/** Longest that is carried over: what is wanted, not how. */
const THING_MAX_CHARS = 160;

/** The sentence without verb, target and amount; a need is what is needed. */
function thingOf(text: string, target: string | null): string {
  const needed = /\bneed (?:an? |the )?([^.!?]+)/i.exec(text)?.[1];
  if (needed !== undefined) return `a ${needed}`.slice(0, THING_MAX_CHARS);
  const sentences = text.split(/(?<=[.!?])\s+(?=[A-Z])/);
  const at = sentences.findIndex((one) => target !== null && one.includes(target));
  const noun = nounOf(sentences[Math.max(0, at)] ?? '', target);
  // "… and send it to": what it is was said before.
  const said = at > 0 && POINTS_BACK.test(noun) ? nounOf(sentences[at - 1] ?? '', null) : noun;
  return (said === '' ? 'the open item' : said).slice(0, THING_MAX_CHARS);
}
const POINTS_BACK = /^(?:and\s+)?(?:\w+\s+)?(?:it|them|this|that|these)$/i;

function nounOf(sentence: string, target: string | null): string {
  const at = target === null ? -1 : sentence.indexOf(target);
  const before = at < 0 ? sentence : sentence.slice(0, at).replace(/['"]\s*$/, '');
  const after = at < 0 || target === null ? '' : sentence.slice(at + target.length).replace(/^['"]/, '');
  const noun = trimmed(before.replace(LEADS, '').replace(LEADS, '').replace(OPENING, ''));
  if (noun === '') return trimmed(after.replace(/^\s*(?:to|for|and)\s+(?:\w+)\s+/i, ''));
  return CONTINUES.test(after) ? `${noun} ${trimmed(after)}` : noun;
}
const CONTINUES = /^\s*(?:that|which|with|containing|including)\b/i;

function trimmed(text: string): string {
  return text
    .replace(AMOUNT, '')
    .replace(/[\s.,;:!?]+$/, '')
    .trim();
}
