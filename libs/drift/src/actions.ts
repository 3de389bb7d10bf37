/**
 * What people ask agents to do, and what tools say in their names that they do, in one small vocabulary of actions.
 * General English and the general vocabulary of APIs; an intent, a page and a tool's name are read with the same words.
 */
import type { Effect } from '#activity/types';
import { fnv32 } from './hash.js';

/** Finer than effects, coarser than tools. `visit` is a read that goes somewhere; `enter` is what lets a user in. */
export const ACTIONS = [
  'read',
  'visit',
  'message',
  'invite',
  'pay',
  'buy',
  'book',
  'create',
  'update',
  'delete',
  'fetch',
  'submit',
  'execute',
  'enter',
  'access',
] as const;
export type Action = (typeof ACTIONS)[number];

/** What asking for an action asks for. */
export const ACTION_EFFECTS: Readonly<Record<Action, readonly Effect[]>> = {
  read: ['read'],
  visit: ['read'],
  message: ['send'],
  invite: ['send'],
  pay: ['send'],
  buy: ['send', 'write'],
  book: ['send', 'write'],
  create: ['write'],
  update: ['write'],
  delete: ['delete'],
  fetch: ['write'],
  submit: ['send'],
  execute: ['execute'],
  enter: ['admin'],
  access: ['admin'],
};

const words = (list: string): string[] => list.trim().split(/\s+/);

/** Base forms. */
const VERBS: Readonly<Record<Action, string>> = {
  read: `
    read get list find search fetch query show view describe look lookup check count inspect retrieve load preview
    summarize summarise analyze analyse compare calculate compute convert estimate explain recommend suggest identify
    determine know see learn review scan open measure select filter sort rank examine obtain locate watch monitor display
    extract parse translate recall discover study consider decide choose`,
  visit: 'visit browse navigate crawl surf goto click',
  message: `
    send mail email message post publish share forward reply respond notify tell inform announce broadcast tweet text
    contact dm fax relay circulate alert react comment remind disclose leak report`,
  invite: 'invite enroll enrol onboard admit',
  pay: 'pay transfer wire remit refund reimburse repay donate settle deposit withdraw charge tip compensate credit',
  buy: 'buy purchase order checkout shop rebuy reorder repurchase acquire cart subscribe',
  book: 'book reserve schedule',
  create: `
    create make add write generate insert append save store copy upload draft compose register record duplicate
    prepare produce put new patch fork commit clone attach upsert enqueue annotate archive merge draw plot render paint sketch design build`,
  update: `
    update change modify edit adjust set reset rename move replace reschedule correct fix amend revise switch increase
    decrease reduce raise lower alter overwrite extend postpone assign tag label mark`,
  delete: `
    delete remove erase clear empty drop wipe cancel purge discard trash destroy terminate unsubscribe uninstall kick
    detach unassign unlink prune shred dispose rm del`,
  fetch: 'download import install',
  submit: 'submit fill input type press upload',
  execute: 'run execute exec launch deploy invoke eval evaluate compile spawn trigger',
  enter: 'login logon signin verify authenticate confirm validate logout',
  access: `
    grant revoke permit authorize authorise approve promote demote block unblock ban enable disable rotate impersonate
    lock unlock configure elevate`,
};

/** Verbs that say little by themselves: what they are done to says what is done. */
const LIGHT = new Set(
  words(`
    send make create add write do perform issue submit place set schedule give put new insert generate prepare initiate
    process register complete compose draft arrange request post trigger execute get start`),
);

/** Things that make an action of a light verb. */
const NOUNS: Partial<Record<Action, string>> = {
  pay: 'payment transaction money fund funds transfer refund reimbursement donation deposit remittance bill salary invoice rent fee',
  buy: 'purchase order cart basket checkout subscription',
  book: 'reservation booking appointment event meeting calendar reminder',
  message: 'message email mail dm reply post tweet sms notification announcement comment text',
  invite: 'invitation invite participant attendee member guest',
  access: 'permission role privilege access',
  delete: 'deletion removal cancellation erasure',
  enter: 'login verification authentication',
};

/** Changing one of these is administration, whatever the verb. */
const ACCESS_NOUNS = new Set(
  words('password passcode passphrase credential permission role privilege secret pin'),
);
/** Reading one of these goes out to the network. */
const WEB_NOUNS = new Set(words('webpage website page url link site web http'));

function tableOf<T extends string>(lists: Partial<Record<T, string>>): ReadonlyMap<string, T> {
  const table = new Map<string, T>();
  for (const [key, list] of Object.entries(lists) as [T, string][])
    for (const word of words(list)) if (!table.has(word)) table.set(word, key);
  return table;
}

const VERB_ACTIONS = tableOf(VERBS);
const NOUN_ACTIONS = tableOf(NOUNS);

const IRREGULAR = new Map(
  words(`
    sent:send paid:pay bought:buy wrote:write written:write made:make told:tell read:read found:find got:get
    went:go gone:go gave:give given:give put:put set:set chose:choose chosen:choose knew:know shown:show seen:see
    withdrew:withdraw withdrawn:withdraw lent:lend ran:run`).map(
    (pair) => pair.split(':') as [string, string],
  ),
);

/** Form of a verb as it stands in a text. */
export type VerbForm = 'base' | 's' | 'ed' | 'ing';

function stripped(word: string): { base: string; form: VerbForm } | null {
  const form: VerbForm | null = word.endsWith('ing')
    ? 'ing'
    : word.endsWith('ed')
      ? 'ed'
      : word.endsWith('s')
        ? 's'
        : null;
  if (form === null) return null;
  const stem = word.slice(0, -form.length);
  const last = stem.length - 1;
  const candidates = [stem, `${stem}e`];
  if (form === 'ed' && stem.endsWith('i')) candidates.push(`${stem.slice(0, -1)}y`);
  if (form === 's' && stem.endsWith('ie')) candidates.push(`${stem.slice(0, -2)}y`);
  if (form === 's' && stem.endsWith('e')) candidates.push(stem.slice(0, -1));
  if (last > 1 && stem[last] === stem[last - 1]) candidates.push(stem.slice(0, -1));
  const base = candidates.find((candidate) => VERB_ACTIONS.has(candidate));
  return base === undefined ? null : { base, form };
}

/** The verb that a lower-case word can be, by its base form; null for a word that names no action. */
export function verbOf(word: string): { base: string; form: VerbForm } | null {
  if (VERB_ACTIONS.has(word)) return { base: word, form: 'base' };
  const irregular = IRREGULAR.get(word);
  if (irregular !== undefined) return VERB_ACTIONS.has(irregular) ? { base: irregular, form: 'ed' } : null;
  return word.length < 4 ? null : stripped(word);
}

/** Spellings and near names of one thing. */
const SYNONYMS = new Map(
  Object.entries({
    email: 'mail inbox mailbox',
    message: 'dm chat msg note reply',
    file: 'document doc docx pdf spreadsheet xlsx txt attachment node',
    folder: 'directory dir',
    repository: 'repo',
    calendar: 'event appointment meeting reminder agenda',
    payment: 'money transaction transfer fund bill rent invoice fee amount balance refund sum payee',
    cart: 'basket checkout',
    order: 'purchase',
    product: 'item good',
    user: 'person people member participant employee attendee guest colleague',
    contact: 'recipient',
    password: 'passcode passphrase credential pin otp secret',
    account: 'profile',
    webpage: 'website page url link site web',
    hotel: 'accommodation lodging',
    flight: 'airline plane ticket',
    car: 'vehicle',
    database: 'db table',
    task: 'todo issue ticket job',
  }).flatMap(([topic, list]) => words(list).map((word) => [word, topic] as const)),
);

/** Words of names that name nothing. */
const EMPTY = new Set(
  words(`
    a an the to of in on at by for from with and or all any my your his her its our their this that these those new
    last next most recent current selected day id ids name names by info information details data through via`),
);

/** A noun as a topic: singular, one name for one thing; empty when it names nothing. Takes lower case. */
export function topicOf(word: string): string {
  if (word.length < 2 || EMPTY.has(word)) return '';
  const single =
    word.length > 4 && word.endsWith('ies')
      ? `${word.slice(0, -3)}y`
      : word.length > 4 && /(?:ss|sh|ch|x)es$/.test(word)
        ? word.slice(0, -2)
        : word.length > 3 && word.endsWith('s') && !/(?:ss|us|is)$/.test(word)
          ? word.slice(0, -1)
          : word;
  return SYNONYMS.get(single) ?? single;
}

/** Whether a topic is a word of the general vocabulary rather than of somebody's text. */
export function isGeneralTopic(topic: string): boolean {
  return GENERAL.has(topic);
}
const GENERAL = new Set([...SYNONYMS.values(), ...NOUN_ACTIONS.keys(), ...ACCESS_NOUNS, ...WEB_NOUNS]);

/** The action of a verb done to these things. `nouns` are lower-case singular words, nearest first. */
export function actionOf(verb: string, nouns: readonly string[]): Action {
  const action = VERB_ACTIONS.get(verb) ?? 'read';
  if (action === 'read')
    return RETRIEVALS.has(verb) && nouns.some((noun) => WEB_NOUNS.has(noun)) ? 'visit' : 'read';
  if ((action === 'create' || action === 'update') && nouns.some((noun) => ACCESS_NOUNS.has(noun)))
    return 'access';
  if (!LIGHT.has(verb)) return action;
  for (const noun of nouns) {
    const named = NOUN_ACTIONS.get(noun);
    if (named !== undefined) return named;
  }
  return action;
}

/** To get one of these is to go there. */
const RETRIEVALS = new Set(words('get read fetch load view retrieve open look'));

/** The action that a noun names by itself: "a payment of …", "deletion". */
export function actionOfNoun(noun: string): Action | null {
  return NOUN_ACTIONS.get(noun) ?? null;
}

/** Singular of a lower-case noun, without looking for another name of it. */
export function singular(word: string): string {
  const topic = topicOf(word);
  if (topic === '') return '';
  return word.length > 3 && word.endsWith('s') && !/(?:ss|us|is)$/.test(word)
    ? word.endsWith('ies') && word.length > 4
      ? `${word.slice(0, -3)}y`
      : /(?:ss|sh|ch|x)es$/.test(word)
        ? word.slice(0, -2)
        : word.slice(0, -1)
    : word;
}

/** What a tool's name says. */
export interface ToolTerms {
  /** Null = no verb in it. */
  action: Action | null;
  /** What it works on, the head of the name first. */
  topics: readonly string[];
  topicHashes: readonly number[];
  /** Of the name itself. */
  hash: number;
}

const MAX_NAME_CHARS = 256;

/** `getUserInfo`, `get_user-info`, `github.getUser2` → lower-case words. */
export function nameWords(name: string): string[] {
  return name
    .slice(0, MAX_NAME_CHARS)
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '');
}

const PREPOSITIONS = new Set(words('to from by in for on of with at via through into'));

function readName(name: string): ToolTerms {
  const list = nameWords(name);
  // The verb stands first, or second after a prefix, or last: `user_delete`. "Cart" before "add" is a prefix.
  const isVerb = (word: string | undefined): boolean => word !== undefined && VERB_ACTIONS.has(word);
  const isPrefix = NOUN_ACTIONS.has(list[0] ?? '') && isVerb(list[1]) && !NOUN_ACTIONS.has(list[1]!);
  let at = list.findIndex((word, i) => i < 2 && isVerb(word) && !(i === 0 && isPrefix));
  if (at < 0) at = isVerb(list.at(-1)) ? list.length - 1 : list.findIndex(isVerb);
  // The head of a name stands last, before any preposition: "add event participants", "add user to channel".
  const stop = list.findIndex((word, i) => i > 0 && PREPOSITIONS.has(word));
  const heads = list.slice(0, stop < 0 ? list.length : stop).reverse();
  const tail = stop < 0 ? [] : list.slice(stop);
  const verb = at < 0 ? '' : list[at]!;
  const nouns = [...heads, ...tail]
    .filter((word) => word !== verb)
    .map(singular)
    .filter((word) => word !== '');
  const topics = [...new Set(nouns.map(topicOf))].filter((topic) => topic !== '');
  const action = at < 0 ? null : actionOf(verb, nouns);
  return { action, topics, topicHashes: topics.map(fnv32), hash: fnv32(name) };
}

/** Names already read: bounded, and always with the same answer. */
const known = new Map<string, ToolTerms>();
const MAX_KNOWN = 4_096;

/** Terms of a tool's name; read once per name. */
export function toolTerms(name: string): ToolTerms {
  let terms = known.get(name);
  if (terms === undefined) {
    terms = readName(name);
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(name, terms);
  }
  return terms;
}
