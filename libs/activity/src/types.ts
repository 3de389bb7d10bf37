/**
 * The words of the activity log as types. Pure: no imports, no I/O, so that the core may use them.
 * Wire form: Avro, one `.avsc` per record under `schemas/`; `index.ts` has the codecs.
 * Times are milliseconds since the epoch, sizes are bytes.
 */

/** What a call does. `unknown` is treated as the worst the tool could be. */
export const EFFECTS = ['read', 'write', 'delete', 'execute', 'send', 'admin', 'unknown'] as const;
export type Effect = (typeof EFFECTS)[number];

/** How the identity was established. `asserted` ones live in a key space of their own. */
export type Assurance = 'verified' | 'asserted';

/** Kinds of values a gateway extracts; normal forms in `schemas/values.md`. */
export const VALUE_KINDS = [
  'email',
  'url',
  'host',
  'phone',
  'iban',
  'account',
  'card',
  'path',
  'id',
  'amount',
  'name',
  'text',
] as const;
export type ValueKind = (typeof VALUE_KINDS)[number];

/**
 * Where a value stood: in the intent; the whole of an argument; in a result a field of a record, or a line, label, item or
 * cell of its own within a text; in running prose, of a result or within an argument.
 */
export type Standing = 'intent' | 'argument' | 'field' | 'line' | 'prose';

/** A keyed fingerprint of something in intent, arguments or results; never the content itself. */
export interface Value {
  kind: ValueKind;
  /** HMAC-SHA-256 over kind and normal form, cut to 64 bits, as 16 lower-case hex digits. */
  print: string;
  standing: Standing;
  /** Argument name or JSON pointer, ≤ 128 bytes; empty when it has none. */
  at: string;
  /** The sentence around it, or the one beside it, tells the reader to do something. */
  imperative: boolean;
  /** Fingerprint of who wrote the record it stood in, where the gateway can tell. */
  author: string | null;
}

/** Up to eight per call, named by JSON pointer in the catalogue. */
export interface Fact {
  name: string;
  value: string | number | boolean;
}

export interface Destination {
  place: 'internal' | 'external' | 'unknown';
  /** Fingerprint of the address. */
  print: string;
}

/** What every activity carries. */
export interface ActivityBase {
  /** Unique; derived by the reporter: `<instance>-<counter>`. Also the CloudEvents id. ≤ 128 bytes. */
  id: string;
  tenant: string;
  /** SPIFFE ID, or for an asserted identity whatever was claimed. ≤ 2048 bytes. */
  agent: string;
  assurance: Assurance;
  /** The human or system the agent acts for (token `sub`), null if unknown. */
  principal: string | null;
  /** Delegation chain, outermost (acting now) first. ≤ 8. */
  actors: string[];
  /** When it happened, by the reporter's clock. */
  time: number;
  /** Who reports: `gateway/<id>`, `authority/<id>`, `engine/<id>`. Also the CloudEvents source. */
  source: string;
  /** New at each start of the reporter. */
  instance: string;
  /** Per agent and instance, from 1, in log order. 0 = proposed or pending, not on the log yet. */
  sequence: number;
  /** The reporter put this into the agent's pending list before it was logged. */
  pending: boolean;
  /** Declared task, null where none was declared. */
  task: string | null;
  /** MCP session or trace id: a claim that may separate implicit tasks, never excuse. */
  conversation: string | null;
}

/** Why a call was allowed or refused. */
export type DecisionBasis =
  /** The authority's prospective assessment. */
  | 'assessed'
  /** Policy does not ask for this effect: passed by the gateway alone. */
  | 'passed'
  /** A revocation matched at the gateway. */
  | 'revocation'
  /** Unknown, foreign, ended or expired task. */
  | 'task'
  /** The fail mode of the effect: log, spool, authority or revocations unavailable. */
  | 'fail-mode'
  /** A limit or an unreadable message. */
  | 'limit';

export interface ToolCall extends ActivityBase {
  type: 'ToolCall';
  callId: string;
  /** `tools/call`, `resources/read`, `prompts/get`, `response` (answer to a server's request), `tasks/update` … */
  method: string;
  server: string;
  tool: string;
  effect: Effect;
  effectSource: 'catalogue' | 'annotation' | 'guess';
  /** Neither in the operator's catalogue nor from a server marked trusted. */
  uncatalogued: boolean;
  /** Labels found in the arguments and the catalogue's labels of the tool. ≤ 32. */
  dataClasses: string[];
  /** Logged plain, ≤ 512 bytes, query and userinfo stripped. */
  resource: string | null;
  destination: Destination | null;
  facts: Fact[];
  values: Value[];
  /** How many values were cut by the limits: "not found" then counts as untrusted. */
  valuesDropped: number;
  argumentsBytes: number;
  /** Digest of the tool's definition as the agent saw it; null if it never listed it. */
  toolDigest: string | null;
  decision: 'allowed' | 'refused';
  basis: DecisionBasis;
  /** Stable code of the reason, empty when allowed. */
  reason: string;
  /** The revocation that matched, if any. */
  revocation: string | null;
  /** Digest of the policy that decided, empty when none did. */
  policy: string;
}

export type Trust = 'own' | 'third-party' | 'unknown';

/** How a text asks: it tells its reader to, says that it is due ("has to be …", "… is required"), or only mentions it. */
export const REQUEST_MOODS = ['imperative', 'due', 'mentioned'] as const;
export type RequestMood = (typeof REQUEST_MOODS)[number];

/** A tool that the text of a result asks for, in whatever words. Never the words themselves. */
export interface Request {
  /** Name of a tool that the agent knows. */
  tool: string;
  mood: RequestMood;
  /** What the tool works on is named as well, not only what it does. */
  object: boolean;
  /** Fingerprint of who wrote the record it stood in, where the gateway can tell. */
  author: string | null;
}

export interface ToolResult extends ActivityBase {
  type: 'ToolResult';
  callId: string;
  server: string;
  tool: string;
  outcome: 'ok' | 'error' | 'unknown' | 'withheld' | 'cancelled';
  /** Who writes what this tool returns. */
  trust: Trust;
  dataClasses: string[];
  values: Value[];
  valuesDropped: number;
  /** Tools that its text asks for; at most 32, the clearest first. */
  requests: Request[];
  resultBytes: number;
  /** Top-level items in the result, 0 when it is not a list. */
  records: number;
  durationMs: number;
}

/** What a task may do. An empty list allows nothing of its kind; null leaves the kind open. */
export interface Scope {
  tools: string[] | null;
  effects: Effect[] | null;
  /** Globs over the plain resource. */
  resources: string[] | null;
  /** Fingerprints of allowed destinations. */
  destinations: string[] | null;
  dataClasses: string[] | null;
  /**
   * Guessed from the intent or from precedent, not approved by anybody: a call outside says something, and nothing is
   * refused for it alone.
   */
  estimated: boolean;
}

/** Something a task was exposed to: a data class or somebody's content it has read, or a way out it has used. */
export interface Exposure {
  what: 'class' | 'trust' | 'out';
  /** Data class; `third-party` or `unknown`; of a way out `outside` or `maybe`. ≤ 64 bytes. */
  name: string;
  at: number;
}

export interface TaskStarted extends ActivityBase {
  type: 'TaskStarted';
  task: string;
  /** ≤ 4 KiB, may be empty when policy drops it. */
  intent: string;
  intentValues: Value[];
  /** Effects of what the intent asks for; empty when no word of it says so. */
  intentEffects: Effect[];
  /** The same, finer: words of the core's list of actions (`pay`, `message`, `delete` …). */
  intentActions: string[];
  /** What it is about: stems of its nouns, general ones only where policy drops the text. */
  intentTopics: string[];
  /** Fingerprints of whom the intent presents as a source: "Alice sent", "my landlord's notice". */
  intentAuthors: string[];
  /** The intent leaves what is to be done to a text: "follow the instructions in …". */
  intentDelegates: boolean;
  scope: Scope | null;
  expiresAt: number;
  parentTask: string | null;
  /** What the parent task was exposed to when this one started; it may belong to another agent. ≤ 16. */
  exposure: Exposure[];
  /** What kind of work it is, as whoever opens tasks names it: `invoices`, `triage` … ≤ 64 bytes. */
  kind: string | null;
}

export interface TaskEnded extends ActivityBase {
  type: 'TaskEnded';
  task: string;
  outcome: 'completed' | 'cancelled' | 'expired';
  by: string;
}

export interface ContextChecked extends ActivityBase {
  type: 'ContextChecked';
  task: string;
  outcome: 'passed' | 'failed';
  by: string;
  reason: string;
  /** Keys of the evidence shown to whoever checked; exactly these are cleared on a pass. */
  evidence: string[];
}

/** A named person ended a revocation: the same evidence does not revoke again. */
export interface RevocationLifted extends ActivityBase {
  type: 'RevocationLifted';
  revocation: string;
  by: string;
  reason: string;
}

/**
 * A named person judged an alert, for the evidence shown in it. A false positive clears it and keeps it from being
 * raised again until `until`; what is confirmed weighs in full until then.
 */
export interface VerdictGiven extends ActivityBase {
  type: 'VerdictGiven';
  /** Id of the alert. */
  alert: string;
  verdict: 'confirmed' | 'false-positive';
  /** `task`: exactly these pieces of evidence; `agent`: their kinds, in any task of the agent. */
  scope: 'task' | 'agent';
  until: number;
  by: string;
  reason: string;
  /** Keys of the evidence shown in the alert. */
  evidence: string[];
}

/** A server's tool list as this agent saw it: one digest per definition. */
export interface ToolsListed extends ActivityBase {
  type: 'ToolsListed';
  server: string;
  tools: { name: string; digest: string }[];
}

/**
 * In every partition: from here on this policy judges. Not an agent's; `agent` is empty. The original is on the
 * `policies` topic, where its place decides whether it takes effect.
 */
export interface PolicyActivated extends ActivityBase {
  type: 'PolicyActivated';
  policy: string;
  /** Counts the activations of a deployment from 1: an older one never replaces a newer one. 0 = from before they were counted. */
  revision: number;
  /** A person's name, `configuration`, or a role of the engine. */
  by: string;
  reason: string;
}

/** In every partition, by an engine role: time passed. Not an agent's; `agent` is empty. */
export interface Tick extends ActivityBase {
  type: 'Tick';
}

export type Activity =
  | ToolCall
  | ToolResult
  | TaskStarted
  | TaskEnded
  | ContextChecked
  | RevocationLifted
  | VerdictGiven
  | ToolsListed
  | PolicyActivated
  | Tick;
export type ActivityType = Activity['type'];

/** Taxonomy tags of a piece of evidence (standards.md §4). */
export interface Tags {
  asi: string[];
  atlas: string[];
  maestro: string[];
  nist: string[];
}

/** One reason to worry. `key` is unique within the agent: the same key refreshes and does not pile up. */
export interface Evidence {
  key: string;
  detector: string;
  /** 0 < weight < 1. */
  weight: number;
  time: number;
  halfLifeMs: number;
  /** Null = the agent's own, not a task's. */
  task: string | null;
  /** One sentence a SOC analyst understands. */
  explanation: string;
  /** Id of the activity that yielded it. */
  cause: string;
  tags: Tags;
}

export const LEVELS = ['normal', 'elevated', 'high', 'critical'] as const;
export type Level = (typeof LEVELS)[number];

/** Graduated responses, mildest first. `observe` = everything happens except the enforcement. */
export const RESPONSES = [
  'observe',
  'alert',
  'context-check',
  'restrict',
  'revoke-task',
  'revoke-agent',
] as const;
export type Response = (typeof RESPONSES)[number];

/** A command: what is taken away, from whom, until when, why. */
export interface Revocation {
  /** Derived from (activity id, rule), or random for a person's. ≤ 128 bytes. */
  id: string;
  tenant: string;
  /** Agent key; null together with `task` null means every agent of the tenant (needs a server or tools). */
  agent: string | null;
  task: string | null;
  server: string | null;
  /** Null = all. */
  effects: Effect[] | null;
  tools: string[] | null;
  dataClasses: string[] | null;
  response: Response;
  issuedAt: number;
  /** Null = until lifted; only a person's may be null. */
  until: number | null;
  reason: string;
  /** Whether asking again later, or after a context check, makes sense. */
  retryable: boolean;
  evidence: Evidence[];
  risk: number;
  policy: string;
  /** `policy` or a person's name. */
  by: string;
  /** Id of the activity that caused it, empty for a person's. */
  cause: string;
}

/** The end of a revocation; record key `lift:<id>`. A lifted id is dead for ever. */
export interface Lift {
  revocation: string;
  tenant: string;
  by: string;
  reason: string;
  at: number;
  /** The activity that caused it (a passed context check), empty for a person's direct lift. */
  cause: string;
}

/** A finding on its way to the SOC. Id derived from (activity id, rule). */
export interface Alert {
  id: string;
  tenant: string;
  agent: string;
  task: string | null;
  at: number;
  level: Level;
  risk: number;
  title: string;
  explanation: string;
  evidence: Evidence[];
  response: Response;
  /** True when the rule ran in observe mode: nothing was enforced. */
  observed: boolean;
  revocation: string | null;
  policy: string;
  cause: string;
}

/** A gateway's word on the `enforcements` topic. Record key = gateway instance. */
export type GatewayReport = GatewayRegistered | GatewayHeartbeat | GatewayLeft | Enforcement;
interface GatewayReportBase {
  gateway: string;
  instance: string;
  at: number;
}
export interface GatewayRegistered extends GatewayReportBase {
  type: 'GatewayRegistered';
  /** What this gateway does per effect by itself when it cannot confirm its position for `leaseMs`. */
  failMode: { effect: Effect; closed: boolean }[];
  leaseMs: number;
}
export interface GatewayHeartbeat extends GatewayReportBase {
  type: 'GatewayHeartbeat';
  /** Next offset it will read from `revocations`. */
  position: number;
}
export interface GatewayLeft extends GatewayReportBase {
  type: 'GatewayLeft';
  /** `goodbye`, or the name of the person who removed it. */
  by: string;
}
/** A receipt. `applied` = later calls are refused; the others speak of a call that was in flight. */
export interface Enforcement extends GatewayReportBase {
  type: 'Enforcement';
  revocation: string;
  outcome: 'applied' | 'lifted' | 'stopRequested' | 'stopped' | 'completed' | 'unknown';
  callId: string | null;
  effect: Effect | null;
}

/** What could not be decoded, validated or folded. */
export interface DeadLetter {
  /** Stable code of the error. */
  code: string;
  reason: string;
  topic: string;
  partition: number;
  offset: number;
  at: number;
  key: Uint8Array | null;
  value: Uint8Array;
  /** Size of the original value: greater than `value.length` when it was cut to the limit. */
  valueBytes: number;
}

/** What a person or orchestrator did, or tried to. */
export interface Audit {
  id: string;
  at: number;
  by: string;
  role: string;
  action: string;
  subject: string;
  reason: string;
  outcome: 'done' | 'refused';
}

/** Who is meant: tenant + identity, asserted ones in a key space of their own. The key of the activity topic. */
export function agentKey(who: Pick<ActivityBase, 'tenant' | 'agent' | 'assurance'>): string {
  return who.assurance === 'verified' ? `${who.tenant}|${who.agent}` : `${who.tenant}|asserted/${who.agent}`;
}

/** Topic names, `driftline.<name>.v1`. */
export const TOPICS = {
  activity: 'driftline.activity.v1',
  revocations: 'driftline.revocations.v1',
  policies: 'driftline.policies.v1',
  enforcements: 'driftline.enforcements.v1',
  alerts: 'driftline.alerts.v1',
  audit: 'driftline.audit.v1',
  deadLetters: 'driftline.dead-letters.v1',
} as const;
export type Topic = (typeof TOPICS)[keyof typeof TOPICS];

/**
 * The largest of everything on the wire, in UTF-8 bytes or items. The `.avsc` files say the same, and a test compares them.
 * A reporter cuts (`clipText`) or refuses before it encodes; the codecs refuse what is over.
 */
export const LIMITS = {
  /** One encoded record. Every activity within the limits below fits (a test holds that); it decodes in well under 5 ms. */
  messageBytes: 262_144,
  /** One encoded revocation or alert: 64 pieces of evidence with everything said fit, and a log that takes 1 MiB takes it. */
  commandBytes: 786_432,
  idBytes: 128,
  tenantBytes: 64,
  agentBytes: 2_048,
  actors: 8,
  sourceBytes: 128,
  conversationBytes: 256,
  methodBytes: 128,
  serverBytes: 128,
  toolBytes: 256,
  dataClasses: 32,
  dataClassBytes: 64,
  resourceBytes: 512,
  facts: 8,
  factNameBytes: 128,
  factTextBytes: 256,
  values: 512,
  valueAtBytes: 128,
  digestBytes: 128,
  reasonCodeBytes: 512,
  intentBytes: 4_096,
  taskKindBytes: 64,
  intentActions: 16,
  intentTopics: 96,
  intentWordBytes: 40,
  intentAuthors: 16,
  /** What a parent task was exposed to. */
  exposure: 16,
  /** Tools that the text of one result asks for. */
  requests: 32,
  scopeItems: 128,
  listedTools: 512,
  /** Evidence in one revocation or alert. */
  evidence: 64,
  evidenceKeyBytes: 512,
  /** Evidence keys in one context check. */
  shownEvidence: 256,
  tags: 16,
  /** Reasons and explanations of evidence and commands. */
  textBytes: 4_096,
  alertTitleBytes: 512,
  alertTextBytes: 8_192,
  personBytes: 256,
  /** Original bytes kept in a dead letter: with its frame it fits a log that takes 1 MiB. */
  deadLetterValueBytes: 786_432,
  deadLetterKeyBytes: 8_192,
} as const;

/** Cut to at most `maxBytes` of UTF-8, never inside a character; lone surrogates become U+FFFD, as UTF-8 cannot hold them. */
export function clipText(text: string, maxBytes: number): string {
  if (text.length <= maxBytes && isAscii(text)) return text;
  let clean = '';
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0)!;
    const lone = point >= 0xd800 && point <= 0xdfff;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (bytes > maxBytes) return clean;
    clean += lone ? '\uFFFD' : character;
  }
  return clean;
}

/** Nearly every text is: seen without taking it apart. */
function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}
