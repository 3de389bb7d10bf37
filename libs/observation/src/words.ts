/**
 * Words of language that tell running prose from data, and an instruction from a statement. Generic on purpose:
 * nothing here comes from the wording of any attack.
 */
function words(list: string): ReadonlySet<string> {
  return new Set(list.trim().split(/\s+/));
}

/** Words that data does not have and sentences do: English, and the commonest of six other languages. */
const FUNCTION_WORDS = words(`
  a an the this that these those my your his her its our their me you him us them i we he she it they who whom
  which what where when why how and or but nor so yet if then than because while although though unless until since
  to of in on at by for from with without within into onto upon about above below under over between among through
  during before after against across along around toward towards off out up down per via as is am are was were be
  been being do does did done has have had having will would shall should can could may might must ought not no
  never always also too very just only here there all any each every some such other another both either neither
  more most less least please thanks don't doesn't didn't isn't aren't can't cannot won't i'm i'd i've i'll you're
  you'll it's we're we'll they're that's there's let's
  der die das den dem des ein eine einen einem einer und oder aber nicht ist sind war wird werden zu zum zur von vom
  mit für auf bei nach aus wenn dass sie wir ihr ich bitte
  le la les un une des du de et ou mais ne pas est sont pour avec sur dans par vous nous je il elle que qui au aux
  el los las una uno y o pero no es son por con en para usted nosotros que se su al del
  il lo gli una e ma non è sono per con su di da che si alla della nel
  o os as um uma e ou mas não são para com em por você que do da no na
  het een en of maar niet zijn voor met op bij naar uit als dat wij jij
`);

/** Base forms that open an instruction. */
const IMPERATIVE_VERBS = words(`
  accept access activate add adjust allow analyze answer append apply approve archive arrange ask assign attach
  authorize avoid backup begin block book browse build buy call cancel change charge check choose clean clear click
  clone close collect combine comment commit compare complete compose confirm connect consider contact continue
  convert copy create decline delete deliver deploy describe disable discard display do donate download draft drop
  edit email empty enable encode ensure enter erase evaluate examine exclude execute export extract fetch fill find
  finish fix follow format forget forward generate get give go grant handle help hide hold identify ignore import
  include increase inform input insert inspect install invite invoke issue join keep launch leave let link list load
  locate lock log login look mail make mark merge message modify move navigate note notify obtain omit open order
  organize override overwrite paste pay perform place post prepare press print proceed process provide publish pull
  purchase push put query read rebook reboot record redirect reduce refer refund register reinstall reject release
  reload remember remind remove rename renew repeat replace reply report request reserve reset resolve respond restart
  restore resume retrieve retry return review revoke rewrite rotate run save say scan schedule search select send set
  settle share ship show shut sign skip solve sort specify start stop store submit subscribe summarize supply suspend
  switch sync take tell terminate test transfer translate transmit try turn type uninstall unlock unsubscribe update
  upgrade upload use validate verify view visit wait wire withdraw write
`);

/** Words an instruction may begin with before its verb. */
const LEAD_INS = words(`
  please kindly then also now next first second third finally lastly and so just simply afterwards afterward instead
  otherwise additionally furthermore moreover immediately quickly urgently again always never ok okay well hey
  step important note urgent bitte veuillez
`);

/** After one of these the next base form is asked of the reader. */
const REQUEST_MARKERS = words('please kindly');
/** Politeness of other languages: enough by itself. */
const FOREIGN_REQUESTS = words('bitte veuillez');
/** `<modal> you [please] <verb>`. */
const MODALS = words('could can would will');

/** A noun that names what stands beside it: "the channel general", "user ninaholt". */
const NAMING_NOUNS = words(`
  account address branch bucket calendar channel code command contact customer database directory document domain
  file filename folder group handle hotel id key label list login name named called number order organization
  package page password path payee product project queue recipient record repo repository restaurant room
  secret server service sheet site subject table tag team ticket title token topic user username website workspace
`);

/** Capitalised at the start of a sentence without being a name. */
const SENTENCE_OPENERS = words(`
  hi hello hey dear thanks thank best regards cheers sincerely sorry yes no ok okay note total today tomorrow
  yesterday however therefore otherwise sure great good happy looking
  monday tuesday wednesday thursday friday saturday sunday january february march april june july august september
  october november december
`);

/** What a word can be. Bits, so that each word is looked up once. */
export const ROLE = {
  function: 1,
  verb: 2,
  leadIn: 4,
  request: 8,
  foreignRequest: 16,
  modal: 32,
  naming: 64,
  opener: 128,
  particle: 256,
  determiner: 512,
} as const;

const PARTICLES = words('de du da di la le of van von the der and');
const DETERMINERS = words('the our my your this that a an');

const ROLES = new Map<string, number>();
for (const [set, role] of [
  [FUNCTION_WORDS, ROLE.function],
  [IMPERATIVE_VERBS, ROLE.verb],
  [LEAD_INS, ROLE.leadIn],
  [REQUEST_MARKERS, ROLE.request],
  [FOREIGN_REQUESTS, ROLE.foreignRequest],
  [MODALS, ROLE.modal],
  [NAMING_NOUNS, ROLE.naming],
  [SENTENCE_OPENERS, ROLE.opener],
  [PARTICLES, ROLE.particle],
  [DETERMINERS, ROLE.determiner],
] as const)
  for (const word of set) ROLES.set(word, (ROLES.get(word) ?? 0) | role);

/** Bits of `ROLE`; 0 for a word without one. */
export function rolesOf(word: string): number {
  return ROLES.get(word) ?? 0;
}
