/**
 * What the sentences of a text ask for: verbs where a verb may stand, with what they are done to. The same reading for
 * intents and for results. Rules of English, linear in the number of words; no attack's wording is known here.
 */
import { actionOf, actionOfNoun, singular, topicOf, verbOf, type Action, type VerbForm } from '#drift';
import type { RequestMood } from '#activity/types';
import type { Token } from './tokens.js';
import { ROLE } from './words.js';

export interface Ask {
  action: Action;
  mood: RequestMood;
  /** What stands around the verb, as topics. */
  topics: string[];
  /** Index of the verb or noun. */
  at: number;
  /** Of the verb; `noun`: a noun alone asks ("a payment is due"). */
  form: VerbForm | 'noun';
}

const set = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

/** After one of these a base form is a verb … */
const BEFORE_VERB = set(`
  to please kindly and then or also just not don't don’t never you i we they could can will would should must shall may
  might help let me us ahead now first next finally lastly immediately so do but either always go directly simply
  afterwards afterward instead urgently quickly`);
/** … which tells of what somebody can or will do, not the reader to do it. */
const TELLING = set("i we they you can will would may might could i'll we'll you'll they'll");
/** Before "to" and a verb: what makes it asked for, not what something is good for. */
const BEFORE_TO = set(`
  sure remember forget need needs needed have has want wants like asked required instructed told you is are time as
  begin start try ask advised expected supposed requested continue proceed reminder free due ought prefer kind happy
  got love wish invited urged obliged encouraged meant remains going looking planning hoping sure please request`);
const MUST = set('should must shall');
/** Is not asked for. */
const NEGATIONS = new Set([
  'not',
  "don't",
  'don’t',
  'never',
  "doesn't",
  "didn't",
  "won't",
  'cannot',
  "can't",
  'without',
]);
const BE = new Set(['be', 'been', 'being', 'get']);
/** Before "be": what makes it due. */
const DUE_BEFORE = new Set(
  `to must should shall needs need has have ought requires require will wants expected required supposed`.split(
    /\s+/,
  ),
);
/** Says of a noun that it is to happen. */
const DUE_WORDS = new Set(
  `due required needed necessary outstanding pending awaiting awaited expected overdue requested mandatory owed owing
  requires require needs need must should demanded missing`.split(/\s+/),
);

/** Words looked at after and before a verb for what it is done to. */
const REACH_AFTER = 9;
const REACH_BEFORE = 7;

function isVerbPlace(list: readonly Token[], at: number): boolean {
  const token = list[at]!;
  const before = list[at - 1];
  if (before === undefined || token.clause || before.colon) return true;
  if (before.word === '') return token.apart;
  const next = list[at + 1];
  if (next !== undefined && !next.apart && next.word !== '' && (next.roles & ROLE.determiner) !== 0)
    return (before.roles & ROLE.determiner) === 0;
  return BEFORE_VERB.has(before.word) || (before.word.endsWith('ly') && before.word.length > 4);
}

/** How a base form where a verb may stand is asked for. `instructs`: its sentence tells the reader to do something. */
function moodOf(list: readonly Token[], at: number, instructs: boolean): RequestMood {
  const one = list[at - 1]?.word ?? '';
  const two = list[at - 2]?.word ?? '';
  if (at === 0 || list[at]!.clause) return instructs ? 'imperative' : 'mentioned';
  if (one === 'to') {
    if (!BEFORE_TO.has(two)) return 'mentioned';
    return instructs ? 'imperative' : 'due';
  }
  if (MUST.has(one)) return instructs ? 'imperative' : 'due';
  // "Could you send": the modal stands before.
  const asking = one === 'you' && TELLING.has(two) && !PEOPLE.has(two);
  if (TELLING.has(one) && !asking) return 'mentioned';
  return instructs ? 'imperative' : 'mentioned';
}
const PEOPLE = set('i we they you');

function negated(list: readonly Token[], at: number): boolean {
  const one = list[at - 1]?.word ?? '';
  const two = list[at - 2]?.word ?? '';
  return NEGATIONS.has(one) || (one === 'to' && NEGATIONS.has(two)) || (one === 'do' && two === 'not');
}

const JOINT = /[-'’]/;
const ADDRESSED = new Set(['email', 'mail', 'message', 'post', 'text']);
const OF_ADDRESS = new Set(['address', 'addresses', 'number', 'id', 'code', 'account', 'accounts']);

/** Singular nouns beside the verb; an amount of money counts as money. */
function nounsIn(list: readonly Token[], from: number, to: number): string[] {
  const nouns: string[] = [];
  for (let i = Math.max(0, from); i < Math.min(to, list.length); i++) {
    const { word, value, roles } = list[i]!;
    if (value !== null) {
      if (value.kind === 'amount' && !value.weak) nouns.push('money');
      else if (value.kind === 'url' || value.kind === 'host') nouns.push('url');
      else if (value.kind === 'email') nouns.push('recipient');
      else if (value.kind === 'path') nouns.push('file');
    } else if (word.length > 2 && (roles & ROLE.function) === 0) {
      // "Email address", "phone number": something to know, not a message.
      if (ADDRESSED.has(word) && OF_ADDRESS.has(list[i + 1]?.word ?? '')) continue;
      for (const part of JOINT.test(word) ? word.split(JOINT) : [word]) {
        const noun = singular(part);
        if (noun !== '') nouns.push(noun);
      }
    }
  }
  return nouns;
}

const topicsOf = (nouns: readonly string[]): string[] => [
  ...new Set(nouns.map(topicOf).filter((topic) => topic !== '')),
];

/** "has to be paid", "should be deleted", "needs paying": the mood of a participle, null when it only tells. */
function dueParticiple(list: readonly Token[], at: number): boolean {
  for (let i = at - 1; i >= Math.max(0, at - 3); i--) {
    const { word } = list[i]!;
    if (!BE.has(word)) continue;
    for (let j = i - 1; j >= Math.max(0, i - 3); j--) if (DUE_BEFORE.has(list[j]!.word)) return true;
    return word === 'be';
  }
  return false;
}

function dueNear(list: readonly Token[], at: number): boolean {
  for (let i = Math.max(0, at - 6); i < Math.min(list.length, at + 8); i++) {
    if (DUE_WORDS.has(list[i]!.word)) return true;
  }
  return false;
}

/** The word at `at`; "log in" and "sign into" are one verb in two words. */
function wordAt(list: readonly Token[], at: number): string {
  const { word } = list[at]!;
  if (word !== 'log' && word !== 'sign') return word;
  const next = list[at + 1]?.word ?? '';
  return next === 'in' || next === 'into' ? 'login' : word;
}

function verbAsk(list: readonly Token[], at: number, instructs: boolean): Ask | null {
  const found = verbOf(wordAt(list, at));
  if (found === null || negated(list, at)) return null;
  const { base, form } = found;
  if (base === 'make' && list[at + 1]?.word === 'sure') return null;
  const after = nounsIn(list, at + 1, at + 1 + REACH_AFTER);
  const before = (): string[] => nounsIn(list, at - REACH_BEFORE, at);
  const ask = (mood: RequestMood, nouns: string[]): Ask => ({
    action: actionOf(base, nouns),
    mood,
    topics: topicsOf(nouns),
    at,
    form,
  });
  const before1 = list[at - 1];
  const determined = before1 !== undefined && (before1.roles & ROLE.determiner) !== 0 && !list[at]!.apart;
  if (form === 'base' && isVerbPlace(list, at)) return ask(moodOf(list, at, instructs), after);
  // "Must be reset": the participle is spelled like the base form.
  if ((form === 'ed' || BE.has(list[at - 1]?.word ?? '')) && dueParticiple(list, at))
    return ask('due', [...before(), ...after]);
  if (form === 'ing' && !determined) return ask(dueNear(list, at) ? 'due' : 'mentioned', after);
  if (form === 'ed' && at === 0) return ask(instructs ? 'imperative' : 'mentioned', after);
  return null;
}

/** "A payment of $10 is due", "deletion of the project". */
function nounAsk(list: readonly Token[], at: number): Ask | null {
  const { word } = list[at]!;
  const action = word.length < 4 ? null : actionOfNoun(singular(word));
  if (action === null) return null;
  const nouns = nounsIn(list, at - REACH_BEFORE, at + 1 + REACH_AFTER);
  return { action, mood: dueNear(list, at) ? 'due' : 'mentioned', topics: topicsOf(nouns), at, form: 'noun' };
}

/** Everything that one sentence asks for. `instructs`: it tells its reader to do something. */
export function asksIn(list: readonly Token[], instructs: boolean): Ask[] {
  const asks: Ask[] = [];
  for (let at = 0; at < list.length; at++) {
    if (list[at]!.word === '') continue;
    const ask = verbAsk(list, at, instructs) ?? nounAsk(list, at);
    if (ask !== null) asks.push(ask);
  }
  return asks;
}
