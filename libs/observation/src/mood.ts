/** Whether a sentence tells its reader to do something. A rule of language: no attack's wording is known here. */
import type { ValueKind } from '#activity/types';
import type { Token } from './tokens.js';
import { ROLE } from './words.js';

const OBLIGATION = new Set(['should', 'must', 'need', 'have', 'ought', 'shall']);
const CONDITION = new Set([
  'if',
  'when',
  'once',
  'after',
  'before',
  'to',
  'for',
  'in',
  'as',
  'while',
  'until',
  'since',
  'by',
]);
/** After a noun that is spelled like a verb: "Transfer was made", "Order of magnitude". */
const NOUN_AFTER = new Set([
  'is',
  'are',
  'was',
  'were',
  'has',
  'had',
  'of',
  'will',
  'would',
  'can',
  'should',
  'must',
  'may',
]);
/** What stands after a word like "order" or "email" where it is the name of a field or of a thing, not a deed. */
const NOUN_TAIL = new Set(
  `
  id ids no number date dates status total details history confirmation address name names code at successful
  completed failed received sent
`
    .trim()
    .split(/\s+/),
);
/** Ends of reports of what was done: "Login of alice successfully", "Transfer successful". */
const DONE = new Set(['successful', 'successfully', 'succeeded', 'completed', 'failed', 'done']);
const PRONOUNS = new Set(['you', 'i', 'we', 'they', 'he', 'she', 'it']);

/** Skips "then", "also", "not", "to" …: at most this many words. */
const MAX_SKIP = 3;

function verbAt(list: readonly Token[], at: number): boolean {
  const token = list[at];
  if (token === undefined || token.colon) return false;
  const next = list[at + 1]?.word ?? '';
  if (token.word === 'do' || token.word === "don't" || token.word === 'don’t')
    return next !== '' && !PRONOUNS.has(next);
  if (token.word === 'be')
    return ['sure', 'careful', 'aware', 'certain', 'kind', 'good'].includes(next) || isSoKind(list, at + 1);
  if (token.word === 'let' && (next === 'me' || next === 'us') && list[at + 2]?.word === 'know') return false;
  if ((token.roles & ROLE.verb) === 0 || NOUN_AFTER.has(next)) return false;
  return !isNounLike(list, at);
}

/** "Be so kind as to": politeness in front of an order. */
function isSoKind(list: readonly Token[], at: number): boolean {
  return list[at]?.word === 'so' && ['kind', 'good', 'nice'].includes(list[at + 1]?.word ?? '');
}

/** "Order 1", "Order ID", "Mark Hobbs", "Email Tom Code": a noun or a name that is spelled like a verb. */
function isNounLike(list: readonly Token[], at: number): boolean {
  const next = list[at + 1];
  if (next === undefined || NOUN_TAIL.has(next.word) || DONE.has(list[list.length - 1]!.word)) return true;
  return (
    list.length === at + 2 &&
    (next.word === ''
      ? next.value?.kind === 'amount' || /^\d{1,4}$/.test(next.text)
      : next.capital && list[at]!.capital)
  );
}

/** A base form at `at`, after words that may stand before it. */
function verbSoon(list: readonly Token[], at: number): boolean {
  for (let skipped = 0; skipped <= MAX_SKIP; skipped++) {
    if (verbAt(list, at + skipped)) return true;
    const token = list[at + skipped];
    if (token === undefined) return false;
    const skips =
      (token.roles & ROLE.leadIn) !== 0 || token.word === 'not' || token.word === 'to' || token.word === 'do';
    if (!skips) return false;
  }
  return false;
}

/** `please send`, `you should send`, `could you send`, `you to send`, at any place of the sentence. */
function requestAt(list: readonly Token[], at: number): boolean {
  const { word, roles } = list[at]!;
  if ((roles & ROLE.foreignRequest) !== 0) return true;
  if ((roles & ROLE.request) !== 0) return verbSoon(list, at + 1);
  if (word === 'to') return isNextStep(list, at) && verbSoon(list, at + 1);
  if (word !== 'you' && word !== 'feel' && (roles & ROLE.modal) === 0) return false;
  const next = list[at + 1]?.word ?? '';
  if (word === 'you' && next === 'are') return isAskedTo(list, at + 2);
  if (word === 'you') return (OBLIGATION.has(next) || next === 'to') && verbSoon(list, at + 2);
  if (word === 'feel') return next === 'free';
  return next === 'you' && verbSoon(list, at + 2);
}

/** "You are (kindly) asked to send", "you are expected to": `at` stands after the verb of being. */
function isAskedTo(list: readonly Token[], at: number): boolean {
  for (let i = at; i < Math.min(list.length, at + 3); i++)
    if (list[i]!.word === 'to') return i > at && ASKED.has(list[i - 1]!.word) && verbSoon(list, i + 1);
  return false;
}
const ASKED = new Set(
  `asked requested required expected advised instructed told invited urged supposed obliged encouraged meant`.split(
    ' ',
  ),
);

/** "The next step is to send", "all that remains is to pay", "it is time to": `at` is the "to". */
function isNextStep(list: readonly Token[], at: number): boolean {
  const before = list[at - 1]?.word ?? '';
  if (before === 'time') return list[at - 2]?.word === 'is';
  if (before !== 'is' && before !== 'remains') return false;
  for (let i = Math.max(0, at - 6); i < at; i++) if (STEPS.has(list[i]!.word)) return true;
  return false;
}
const STEPS = new Set(
  'step task thing job action duty point remains left missing move matter priority'.split(' '),
);

function opensClause(list: readonly Token[], at: number): boolean {
  const token = list[at]!;
  if (!token.clause) return false;
  if (list[at - 1]?.colon === true) return true;
  return at <= MAX_SKIP || CONDITION.has(list[0]!.word) || (list[0]!.roles & ROLE.leadIn) !== 0;
}

/** Whether a sentence tells its reader to do something. Linear in the number of tokens. */
export function isImperative(list: readonly Token[]): boolean {
  return orders(list) && !isOnlyLooking(list);
}

function orders(list: readonly Token[]): boolean {
  if (list.length < 2) return false;
  if (verbSoon(list, 0)) return true;
  for (let at = 0; at < list.length; at++) {
    if (list[at]!.word === '') continue;
    if (requestAt(list, at)) return true;
    if (at > 0 && opensClause(list, at) && verbSoon(list, at)) return true;
  }
  return false;
}

/** What one is told to look at, or to know: nothing comes of it. */
const LOOKING = new Set(['find', 'see', 'note', 'view', 'review', 'check', 'remember', 'consider', 'look']);
/** "Check out", "look up": done to something. */
const NO_LONGER = new Set(['out', 'in', 'up', 'to']);
/** To look at one of these is to go there, or to take what leads out. */
const LEADING: ReadonlySet<ValueKind> = new Set(['url', 'host', 'email', 'iban', 'account', 'card', 'phone']);

/** "Please find the invoice attached": its verbs only look, and nothing in it leads anywhere. */
function isOnlyLooking(list: readonly Token[]): boolean {
  let looks = false;
  for (let at = 0; at < list.length; at++) {
    const { word, roles, value } = list[at]!;
    if (value !== null && LEADING.has(value.kind)) return false;
    if ((roles & ROLE.verb) === 0 || isNoun(list, at)) continue;
    if (!LOOKING.has(word) || NO_LONGER.has(list[at + 1]?.word ?? '')) return false;
    looks = true;
  }
  return looks;
}

/** "The order", "your order", "of order": after an article or another noun's preposition a verb's word is a noun. */
function isNoun(list: readonly Token[], at: number): boolean {
  const before = list[at - 1];
  if (before === undefined || list[at]!.apart) return false;
  return (before.roles & ROLE.determiner) !== 0 || AFTER_PREPOSITION.has(before.word);
}
const AFTER_PREPOSITION = new Set(['of', 'in', 'on', 'for', 'with', 'by', 'from', 'at', 'about']);

/** Plain words that make a sentence out of what surrounds a value. */
const MIN_PROSE_WORDS = 3;
const MIN_PROSE_IDEOGRAPHS = 8;

/** Running prose: enough plain words, one of them a function word; or an instruction, however short. */
export function isProse(list: readonly Token[], imperative: boolean, ideographs: number): boolean {
  if (ideographs >= MIN_PROSE_IDEOGRAPHS) return true;
  let plain = 0;
  let functional = 0;
  for (const { word, roles, capital, text } of list) {
    if (word === '') continue;
    plain++;
    // "Le Canal", "The Old Mill": with a capital it is part of a name; in capitals throughout it is shouted.
    const grammar = !capital || (text.length > 1 && text === text.toUpperCase());
    if (grammar && (roles & ROLE.function) !== 0) functional++;
  }
  return (plain >= MIN_PROSE_WORDS && functional > 0) || (imperative && plain > 0 && list.length > 1);
}
