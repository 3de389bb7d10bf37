/**
 * The independent judge of the end-to-end tests: what the test itself sent, against what stands on the topics and in
 * Redis. Its answer is a list of problems in words; empty = nothing lost, nothing doubled, state as a clean replay has it.
 */
import { decodeActivity, decodeAlert, encodeAlert, encodeLift, encodeRevocation } from '#activity';
import { TOPICS, type Activity } from '#activity/types';
import { Replay } from '#engine';
import { decodePolicy, isActivationKey } from '#policy';
import { stateCodec } from '#store';
import type { Ground } from './ground.js';
import { PARTITIONS, until } from './ground.js';
import type { Sent } from './load.js';
import { markers, readTopic, storedStates, topicEnds, type TopicRecord } from './reading.js';

const MAX_SKEW_MS = 30_000;
/** More of one kind say nothing new. */
const SHOWN = 5;

/** What a check looked at, so that a test can say that there was something. */
export interface Checked {
  problems: string[];
  activities: number;
  agents: number;
  commands: number;
  deadLetters: number;
}

/** Resolves when everything on the activity topic is folded and stored. */
export async function folded(ground: Ground, deadlineMs = 60_000): Promise<void> {
  await until('everything is folded', () => isFolded(ground), deadlineMs);
}

async function isFolded({ kafka, redis }: Ground): Promise<boolean> {
  const ends = await topicEnds(kafka, TOPICS.activity);
  const at = await markers(redis, PARTITIONS);
  return [...ends].every(([partition, { high }]) => high === 0 || at[partition] === high - 1);
}

/** Call it when everything is folded and the engines are stopped. `foreign` = others may have sent activity too. */
export async function check(ground: Ground, sent: Sent[], foreign = false): Promise<Checked> {
  const [log, revocations, alerts, letters] = await Promise.all(
    [TOPICS.activity, TOPICS.revocations, TOPICS.alerts, TOPICS.deadLetters].map((topic) =>
      readTopic(ground.kafka, topic),
    ),
  );
  const replayed = await cleanReplay(ground, log!);
  const stored = await storedStates(ground.redis, PARTITIONS);
  const found = revocations!.filter(({ key }) => !key!.startsWith('lift:'));
  const lifts = revocations!.filter(({ key }) => key!.startsWith('lift:'));
  // Alarms of the platform itself have no cause: they come from no activity.
  const causedAlerts = alerts!.filter(({ value }) => decodeAlert(value!).cause !== '');
  return {
    problems: [
      ...sentProblems(log!, sent, foreign),
      ...windowProblems(stored, sent),
      ...sameStates(stored, replayed.states),
      ...sameCommands('revocation', found, replayed.revocations, foreign),
      ...sameCommands('lift', lifts, replayed.lifts, foreign),
      ...sameCommands('alert', causedAlerts, replayed.alerts, false),
      ...letterProblems(letters!, log!, sent),
    ],
    activities: log!.length,
    agents: stored.size,
    commands: replayed.revocations.size + replayed.alerts.size + replayed.lifts.size,
    deadLetters: new Set(letters!.map(({ key }) => key)).size,
  };
}

/** Every acknowledged record stands where it was acknowledged, as it was sent, and nothing else is there. */
function sentProblems(log: TopicRecord[], sent: Sent[], foreign: boolean): string[] {
  const found = new Map(log.map((record) => [place(record), record.value]));
  const lost = sent.filter((one) => !found.get(place(one))?.equals(one.value));
  const own = new Set(sent.map(place));
  const strangers = foreign ? [] : log.filter((record) => !own.has(place(record)) && !isPlatforms(record));
  return [
    ...some('sent and not on the log as sent', lost.map(place)),
    ...some('on the log and never sent', strangers.map(place)),
  ];
}

/** Per agent and instance the state has seen every number that was sent, and none is missing. */
function windowProblems(stored: Map<string, string>, sent: Sent[]): string[] {
  const highest = new Map<string, Map<string, number>>();
  for (const { key, activity } of sent) {
    if (activity === null) continue;
    const ofAgent = highest.get(key) ?? new Map<string, number>();
    ofAgent.set(activity.instance, Math.max(ofAgent.get(activity.instance) ?? 0, activity.sequence));
    highest.set(key, ofAgent);
  }
  const wrong: string[] = [];
  for (const [key, instances] of highest) {
    const bytes = stored.get(key);
    const windows = bytes === undefined ? [] : stateCodec.decode(Buffer.from(bytes, 'hex')).instances;
    for (const [instance, sequence] of instances) {
      const window = windows.find((one) => one.instance === instance);
      if (window?.highest === sequence && window.missing.length === 0) continue;
      wrong.push(`${key} ${instance}: sent 1–${sequence}, state has ${JSON.stringify(window)}`);
    }
  }
  return some('numbers sent and numbers in the state differ', wrong);
}

function sameStates(stored: Map<string, string>, replayed: Map<string, string>): string[] {
  const wrong = [...replayed].filter(([key, bytes]) => stored.get(key) !== bytes).map(([key]) => key);
  const extra = [...stored.keys()].filter((key) => !replayed.has(key));
  return [
    ...some('states differ from a clean replay', wrong),
    ...some('states nobody has sent anything for', extra),
  ];
}

/** As sets of ids; and one id has one content, risk to the last bit. `foreign` = people and authorities issue some too. */
function sameCommands(
  what: string,
  records: TopicRecord[],
  expected: Map<string, string>,
  foreign: boolean,
): string[] {
  const contents = new Map<string, string>();
  const changed: string[] = [];
  for (const { key, value } of records) {
    const content = value!.toString('hex');
    if ((contents.get(key!) ?? content) !== content) changed.push(key!);
    contents.set(key!, content);
  }
  const missing = [...expected.keys()].filter((id) => !contents.has(id));
  const other = [...expected].filter(([id, content]) => contents.has(id) && contents.get(id) !== content);
  const extra = foreign ? [] : [...contents.keys()].filter((id) => !expected.has(id));
  return [
    ...some(`${what}s missing`, missing),
    ...some(`${what}s that no replay gives`, extra),
    ...some(`${what}s with two contents`, foreign ? [] : changed),
    ...some(`${what}s that differ from a clean replay's`, foreign ? [] : other.map(([id]) => id)),
  ];
}

/** What cannot be read was buried, each piece under the name of its place, with its bytes; and all poison is among it. */
function letterProblems(letters: TopicRecord[], log: TopicRecord[], sent: Sent[]): string[] {
  const name = (at: { partition: number; offset: number }) => `${TOPICS.activity}/${place(at)}`;
  const buried = new Map(letters.map(({ key, value }) => [key!, value!]));
  const unreadable = new Map(
    log.filter(({ value }) => decoded(value) === null).map((record) => [name(record), record.value!]),
  );
  const missing = [...unreadable].filter(([at, value]) => buried.get(at)?.includes(value) !== true);
  const poison = sent.filter(({ activity }) => activity === null).map(name);
  return [
    ...some(
      'unreadable and without a dead letter',
      missing.map(([at]) => at),
    ),
    ...some(
      'poison that was read',
      poison.filter((at) => !unreadable.has(at)),
    ),
    ...some(
      'dead letters of what can be read',
      [...buried.keys()].filter((key) => !unreadable.has(key)),
    ),
  ];
}

/** The log folded by itself, in this process, from nothing. */
export async function cleanReplay(ground: Ground, log: TopicRecord[]) {
  const policies = new Map(
    (await readTopic(ground.kafka, TOPICS.policies))
      .filter(({ key, value }) => value !== null && !isActivationKey(key ?? ''))
      .map(({ value }) => decodePolicy(value!))
      .map((policy) => [policy.digest, policy]),
  );
  const source = { get: (digest: string) => policies.get(digest) ?? null };
  const replay = new Replay({ policy: ground.policy, policies: source, maxSkewMs: MAX_SKEW_MS });
  const ids = {
    revocations: new Map<string, string>(),
    lifts: new Map<string, string>(),
    alerts: new Map<string, string>(),
  };
  for (const { partition, offset, appendTimeMs, value } of log) {
    const activity = decoded(value);
    const verdict = activity && replay.fold({ partition, offset, appendTimeMs, activity });
    for (const command of verdict?.assessment.commands ?? []) {
      if (command.type === 'revoke')
        ids.revocations.set(command.revocation.id, hex(encodeRevocation(command.revocation)));
      else if (command.type === 'lift')
        ids.lifts.set(`lift:${command.lift.revocation}`, hex(encodeLift(command.lift)));
      else ids.alerts.set(command.alert.id, hex(encodeAlert(command.alert)));
    }
  }
  const states = [...replay.encodedStates()].map(([key, bytes]) => [key, hex(bytes)] as const);
  return { states: new Map(states), ...ids };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Null for poison. */
export function decoded(value: Buffer | null): Activity | null {
  try {
    return decodeActivity(value ?? Buffer.alloc(0));
  } catch {
    return null;
  }
}

function isPlatforms({ value }: TopicRecord): boolean {
  const type = decoded(value)?.type;
  return type === 'PolicyActivated' || type === 'Tick';
}

function place({ partition, offset }: { partition: number; offset: number }): string {
  return `${partition}/${offset}`;
}

function some(what: string, which: string[]): string[] {
  if (which.length === 0) return [];
  return [`${what}: ${which.length}, as ${which.slice(0, SHOWN).join('; ')}`];
}
