/** What an intent asks for, whom it takes as a source, and whether it leaves the rest to what it reads. */
import type { Effect, TaskStarted } from '#activity/types';
import { ACTION_EFFECTS, isGeneralTopic, singular, topicOf, type Action } from '#drift';
import { asksIn } from './asks.js';
import { cutBytes, plainText } from './chars.js';
import type { Fingerprinter } from './fingerprint.js';
import { MAX_INTENT_AUTHORS, MAX_INTENT_BYTES, MAX_INTENT_TOPICS, MAX_WORD_BYTES } from './limits.js';
import { textForm } from './normal.js';
import type { Token } from './tokens.js';
import { visitUnits } from './units.js';
import { ROLE } from './words.js';

export type IntentFeatures = Pick<
  TaskStarted,
  'intentEffects' | 'intentActions' | 'intentTopics' | 'intentAuthors' | 'intentDelegates'
>;

const words = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

const QUESTIONS = words(
  'what when which who whom whose where why how is are am do does did has have was were',
);
/** Told to the user: an answer, not a message. */
const ANSWERS = words(
  'tell give show send share report forward mail email message text inform notify write provide',
);
const SELF = words('me us');
/** Without someone to share with, it is shared with the user. */
const NEEDS_TARGET = words('share report');
const TARGETS = words('with to on in at into');

/** The verb at `at` asks for an answer. */
function isAnswer(list: readonly Token[], at: number): boolean {
  const { word } = list[at]!;
  if (ANSWERS.has(word) && SELF.has(list[at + 1]?.word ?? '')) return true;
  if (!NEEDS_TARGET.has(word)) return false;
  for (let i = at + 1; i < Math.min(list.length, at + 12); i++) {
    if (TARGETS.has(list[i]!.word)) return SELF.has(list[i + 1]?.word ?? '');
  }
  return true;
}

function actionsOf(list: readonly Token[], actions: Set<Action>): void {
  const first = (list[0]?.word ?? '').replace(/['’]\w+$/, '');
  if (QUESTIONS.has(first)) {
    actions.add('read');
    return;
  }
  for (let at = 0; at < list.length; at++)
    if (ANSWERS.has(list[at]!.word) && SELF.has(list[at + 1]?.word ?? '')) actions.add('read');
  for (const ask of asksIn(list, true)) {
    if (ask.form === 'noun' ? !wanted(list, ask.at) : ask.form !== 'base' && ask.mood === 'mentioned')
      continue;
    actions.add(isAnswer(list, ask.at) ? 'read' : ask.action);
  }
}

const WANTS = words('need want get like request prefer wish love needing wanting getting');

/** "I need a refund": a noun is asked for. */
function wanted(list: readonly Token[], at: number): boolean {
  for (let i = Math.max(0, at - 4); i < at; i++) if (WANTS.has(list[i]!.word)) return true;
  return false;
}

const FULFIL = words(`
  follow obey fulfill fulfil perform execute complete do implement process resolve handle address honor honour carry
  take act comply respect deal finish tackle apply satisfy respond`);
const ORDERS = words(`
  instruction request task todo to-do direction step errand wish demand guideline procedure checklist order ask
  assignment chore`);
const HERE = words('following below these');
const SAYS = words(`
  says say said asks ask asked wants want requests requested tells tell told instructs instructed needs describes
  described specified specifies states stated mentioned indicated directs recommends suggests`);
/** Words between "follow" and "instructions", "do what" and "says". */
const ORDER_REACH = 7;

function delegates(list: readonly Token[]): boolean {
  for (let at = 0; at < list.length; at++) {
    const { word } = list[at]!;
    if (word === 'accordingly') return true;
    if (FULFIL.has(word) && ordersAfter(list, at)) return true;
    if ((word === 'what' || word === 'whatever' || word === 'as') && at > 0 && saysAfter(list, at))
      return true;
  }
  return false;
}

function ordersAfter(list: readonly Token[], at: number): boolean {
  for (let i = at + 1; i < Math.min(list.length, at + 1 + ORDER_REACH); i++) {
    const { word } = list[i]!;
    if (HERE.has(word)) return false;
    if (word !== '' && ORDERS.has(singular(word))) return true;
  }
  return false;
}

/** "do what the note says", "as described in the mail"; not "what I asked". */
function saysAfter(list: readonly Token[], at: number): boolean {
  const before = list[at - 1]!.word;
  if (list[at]!.word !== 'as' && !FULFIL.has(before)) return false;
  for (let i = at + 1; i < Math.min(list.length, at + 6); i++) {
    const { word } = list[i]!;
    if (word === 'i' || word === 'we' || word === 'you') return false;
    if (SAYS.has(word)) return true;
  }
  return false;
}

const TOLD = words(`
  sent shared asked wrote said told emailed mailed messaged mentioned posted gave forwarded requested recommended
  suggested uploaded left assigned texted wants needs requests asks says sends shares invited proposed provided`);
const TEXTS = words(`
  email mail message request note instruction list letter file document website page post comment ticket issue
  invitation todo to-do feedback recommendation notice reply text blog advice suggestion description order report`);
const FROM = words('from by');
/** Words between a name and what it did: "Bob seems to have shared". */
const TOLD_REACH = 5;
const MAX_NAME_WORDS = 3;

const possessive = (word: string): boolean => /['’]s$|s['’]$/.test(word);
const bare = (text: string): string => text.replace(/['’]s?$/, '');

/** A name of its own, or a person's role after "my": its words; null when there is none at `at`. */
function personAt(list: readonly Token[], at: number): { name: string; end: number } | null {
  const first = list[at];
  if (first === undefined) return null;
  if (first.value?.kind === 'email') return { name: first.text, end: at + 1 };
  const own = list[at - 1]?.word;
  const isRole =
    (own === 'my' || own === 'our' || (own === 'the' && possessive(first.word))) &&
    first.word.length > 2 &&
    (first.roles & ROLE.function) === 0 &&
    !isGeneralTopic(topicOf(bare(first.word)));
  const isName =
    first.capital && first.word !== '' && (first.roles & (ROLE.function | ROLE.opener | ROLE.verb)) === 0;
  if (!isName && !isRole) return null;
  let end = at + 1;
  if (!isName) return { name: first.text, end };
  while (
    end < list.length &&
    end - at < MAX_NAME_WORDS &&
    !list[end]!.apart &&
    list[end]!.capital &&
    !possessive(list[end - 1]!.word)
  )
    end++;
  return {
    name: list
      .slice(at, end)
      .map(({ text }) => text)
      .join(' '),
    end,
  };
}

function isSource(list: readonly Token[], at: number, end: number): boolean {
  const before = list[at - 1]?.word ?? '';
  const determined = (list[at - 1]?.roles ?? 0) & ROLE.determiner;
  if (FROM.has(determined ? (list[at - 2]?.word ?? '') : before)) return true;
  if (possessive(list[end - 1]!.text.toLowerCase())) {
    for (let i = end; i < Math.min(list.length, end + 4); i++)
      if (TEXTS.has(singular(list[i]!.word))) return true;
    return false;
  }
  for (let i = end; i < Math.min(list.length, end + TOLD_REACH) && !list[i]!.clause; i++)
    if (TOLD.has(list[i]!.word)) return true;
  return false;
}

function authorsIn(list: readonly Token[], names: Set<string>): void {
  for (let at = 0; at < list.length; at++) {
    const person = personAt(list, at);
    if (person === null || !isSource(list, at, person.end)) continue;
    const name = bare(person.name);
    names.add(name);
    if (!name.includes('@')) for (const part of name.split(/\s+/)) if (part.length > 2) names.add(part);
    at = person.end - 1;
  }
}

function topicsIn(list: readonly Token[], topics: Set<string>): void {
  for (const { word, roles } of list) {
    if (word.length < 3 || (roles & ROLE.function) !== 0) continue;
    for (const part of [...word.split(/[-'’]/), word]) {
      const topic = topicOf(part);
      if (topic.length > 2 && Buffer.byteLength(topic) <= MAX_WORD_BYTES) topics.add(topic);
    }
  }
}

/**
 * What the log carries of an intent beside its values. With `keepText` false only general words are named.
 * Linear in the intent; never throws. An intent without a word for what to do gives no actions: nothing is known then.
 */
export function intentFeatures(intent: string, printer: Fingerprinter, keepText = true): IntentFeatures {
  const actions = new Set<Action>();
  const topics = new Set<string>();
  const names = new Set<string>();
  let delegated = false;
  visitUnits(plainText(cutBytes(intent, MAX_INTENT_BYTES)), 0, ({ tokens }) => {
    actionsOf(tokens, actions);
    topicsIn(tokens, topics);
    authorsIn(tokens, names);
    delegated ||= delegates(tokens);
  });
  const effects = new Set<Effect>([...actions].flatMap((action) => ACTION_EFFECTS[action]));
  const kept = [...topics].filter((topic) => keepText || isGeneralTopic(topic));
  return {
    intentEffects: [...effects],
    intentActions: [...actions],
    intentTopics: kept.slice(0, MAX_INTENT_TOPICS),
    intentAuthors: [
      ...new Set([...names].slice(0, MAX_INTENT_AUTHORS).map((name) => printOf(name, printer))),
    ],
    intentDelegates: delegated,
  };
}

function printOf(name: string, printer: Fingerprinter): string {
  const email = name.includes('@') ? printer.ofText(name) : null;
  return email?.print ?? printer.print({ family: 'text', normal: textForm(name) });
}
