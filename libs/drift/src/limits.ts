/**
 * What bounds the state of one agent. Together they keep it under 32 KiB whatever the agent does; crossing one is
 * visible as said beside it, and never helps the agent.
 */
export const LIMITS = {
  /** Live pieces of evidence. Beyond it the lightest merges into its detector's remainder. */
  evidence: 20,
  /** Open declared tasks. One more is refused (finding `task-limit`). */
  declaredTasks: 16,
  /** Scopes of all open tasks together. A task that does not fit is refused (finding `task-limit`). */
  scopeBytes: 4_096,
  /** Open implicit tasks. Beyond it a conversation is no longer told apart: it joins a shared one. */
  implicitTasks: 8,
  /** Tasks remembered after their end. A forgotten one is unknown, which is refused all the same. */
  endedTasks: 32,
  /** Principals whose exposure waits for their next implicit task; beyond it they share what waits. */
  carried: 4,
  /** Marks of what a task has read (data classes, trust). Beyond it the mark of the least sensitive class goes. */
  marks: 10,
  /** Revocations the core remembers. Beyond it the one that ends first is forgotten; gateways still hold it. */
  revocations: 12,
  /** Pieces of evidence a revocation or alert names, heaviest first. */
  named: 8,
  /** Evidence keys that a person or a passed check settled. Beyond it the oldest no longer excuses. */
  settled: 32,
  /** Gateway instances followed by sequence number, least recently active forgotten first. */
  instances: 16,
  /** Places of an agent that policy wants in one; the one not used for longest is forgotten. */
  places: 4,
  /** Missing ranges per instance. Beyond it the oldest counts as lost: what fills it later is taken for a retry. */
  missingRanges: 32,
  /** Entries of each kind of count in the profile; the rarest is forgotten, so it is new again when it returns. */
  tools: 48,
  classes: 24,
  /** All there are: seven effects after seven, or first in their task. */
  transitions: 56,
  /** Resource areas in the profile, rarest forgotten first, and how long a name may be; longer ones are cut. */
  areas: 16,
  areaBytes: 48,
  /** Tool definitions known, least recently seen forgotten first: a forgotten one is taken as it comes. Longer names are digests. */
  definitions: 40,
  definitionBytes: 48,
  /** Servers nobody catalogued that were announced once each. */
  observing: 16,
  /** Expired exceptions that were announced once each; beyond it the oldest may be announced again. */
  lapsed: 8,
  /** Values of one task whose origin is kept, and of all open tasks together: 8 bytes each. What goes counts as the worst that went. */
  lineage: 384,
  lineageOfAgent: 768,
  /** The latest of them, apart, so that a result does not copy all. */
  lineageNewer: 48,
  /** Values that came out of text, passed on to the next task of the principal; the least bad go first. */
  lineagePassed: 32,
  /** Whom an intent presents as a source. */
  lineageAuthors: 16,
  /** Names of sources for explanations, all open tasks together; beyond it a source goes without a name. */
  lineageSources: 24,
  /** Calls of one task that wait for their result; beyond it the oldest result inherits the worst that went. */
  flights: 16,
  flightsOfAgent: 48,
  /** Topics of an intent kept as hashes, general words first. */
  intentTopics: 48,
  /** Tools that text asked a task for; the clearest of what goes counts for every tool. */
  requests: 24,
  /** Of those, what is passed on to the next task of the principal. */
  requestsPassed: 16,
  /** Principals whose undeclared work has sequences of its own; the first beyond it count as anybody's. */
  sequencePrincipals: 8,
  /** Progress of sequences, near enough in bytes; beyond it the largest is shared by all that the agent does. */
  sequenceBytes: 4_096,
  /** Tools that the system itself asked for, per task: the latest. */
  due: 16,
  /** Characters of an explanation. */
  explanation: 200,
  /** Identifiers longer than this are kept as a digest. */
  identifier: 64,
} as const;

/** Below this weight a piece of evidence says nothing any more (a tenth of a point) and is forgotten. */
export const FAINT_WEIGHT = 0.001;
