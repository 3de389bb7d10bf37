/** What the words of a tool's name say it does. Generic English; an operator's catalogue always goes first. */
import type { Effect } from '#activity/types';
import { nameWords } from '#drift';

function words(list: string): string[] {
  return list.trim().split(/\s+/);
}

const BY_EFFECT: Record<Exclude<Effect, 'unknown'>, string[]> = {
  read: words(`
    get list read search find fetch query show view describe browse look lookup check count inspect retrieve load
    preview summarize analyze compare calculate compute convert estimate predict is has exists
    status ping echo think tail head stat tree glob grep explain parse extract scan measure select discover
    diff history see recall translate current whoami help navigate goto visit screenshot
  `),
  write: words(`
    download validate verify confirm open resolve log watch
    create add write update set edit modify change append insert put save store upload rename move copy make patch
    replace upsert register record mark tag label assign link attach comment schedule reschedule book reserve reply
    fork commit merge sync import restore archive complete close reopen fill type click press hover drag
    input generate draw render annotate pin star follow subscribe react rebook cart apply remember track
    enqueue start stop pause resume
  `),
  delete: words(`
    delete remove drop destroy erase purge clear wipe cancel unlink truncate trash discard prune unsubscribe expire
    forget uninstall detach unassign rm del kill terminate reset overwrite
  `),
  execute: words(`
    execute exec run eval evaluate invoke call spawn shell bash terminal command script launch trigger deploy build
    install compile sudo subprocess python
  `),
  send: words(`
    checkout
    send mail email post publish share forward notify transfer pay wire withdraw donate purchase buy order submit
    broadcast invite message tweet push announce dispatch export refund charge remit dm sms fax contact
  `),
  admin: words(`
    grant revoke permit authorize password credential permission role roles privilege impersonate rotate configure
    enable disable promote demote ban block unblock suspend approve deny lock unlock login logout
  `),
};

/** How bad an effect is when several are plausible. */
export const SEVERITY: Record<Effect, number> = {
  read: 0,
  write: 1,
  send: 2,
  delete: 3,
  execute: 4,
  admin: 5,
  unknown: 6,
};

const EFFECT_OF = new Map<string, Effect>();
for (const [effect, list] of Object.entries(BY_EFFECT)) {
  for (const word of list) if (!EFFECT_OF.has(word)) EFFECT_OF.set(word, effect as Effect);
}

/** Nouns that make a change of them administration, whatever the verb. */
const ADMIN_NOUNS = new Set([
  'password',
  'permission',
  'permissions',
  'role',
  'roles',
  'credential',
  'credentials',
  'acl',
  'policy',
  'token',
  'secret',
  'apikey',
]);

/** The worse of two effects; `unknown` is the worst. */
export function worseEffect(a: Effect, b: Effect): Effect {
  return SEVERITY[a] >= SEVERITY[b] ? a : b;
}

/** The effect that a name says, `unknown` when it says none. The first verb decides; `and`/`or` adds another. */
export function effectOfName(name: string): Effect {
  const list = nameWords(name);
  const first = list.findIndex((word) => EFFECT_OF.has(word));
  if (first < 0) return 'unknown';
  let effect = EFFECT_OF.get(list[first]!)!;
  // A verb is the first word, the second after a prefix, or the last: `user_delete`. Elsewhere it is a noun.
  if (first > 1 && first < list.length - 1)
    effect = worseEffect(effect, EFFECT_OF.get(list.at(-1)!) ?? effect);
  for (let i = first + 1; i < list.length; i++) {
    const joined = list[i - 1] === 'and' || list[i - 1] === 'or';
    if (joined && EFFECT_OF.has(list[i]!)) effect = worseEffect(effect, EFFECT_OF.get(list[i]!)!);
  }
  if (effect === 'write' && list.some((word) => ADMIN_NOUNS.has(word))) return 'admin';
  return effect;
}
