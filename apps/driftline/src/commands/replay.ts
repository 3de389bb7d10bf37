/**
 * `driftline replay FILE`: a recording judged again by the same code. Verdicts are JSON lines on standard output, or in the
 * file of `--json`; what they come to is said on standard error.
 */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Activity } from '#activity/types';
import { loadConfig } from '#config';
import type { Assessment } from '#drift';
import { Replay, type RecordedActivity, type ReplayVerdict } from '#engine';
import { defaultPolicy, loadPolicy } from '#policy';
import { policiesOf, readRecording } from '../recording.js';

export interface Verdict {
  partition: number;
  offset: number;
  agent: string;
  type: Activity['type'];
  id: string;
  risk: number;
  level: string;
  duplicate: boolean;
  evidence: string[];
  commands: { type: string; id: string }[];
}

/** Verdicts in the order of the recording. Throws `EngineError` when it names a policy that it does not carry. */
export function verdictsOf(replay: Replay, activities: RecordedActivity[]): Verdict[] {
  return activities
    .map((record) => replay.fold(record))
    .filter((one) => one !== null)
    .map(toVerdict);
}

function toVerdict({ record, key, assessment }: ReplayVerdict): Verdict {
  const { risk, level, duplicate, evidence, commands } = assessment;
  return {
    partition: record.partition,
    offset: record.offset,
    agent: key,
    type: record.activity.type,
    id: record.activity.id,
    risk,
    level,
    duplicate,
    evidence: evidence.map((one) => one.key),
    commands: commands.map((command) => ({ type: command.type, id: commandId(command) })),
  };
}

function commandId(command: Assessment['commands'][number]): string {
  if (command.type === 'revoke') return command.revocation.id;
  return command.type === 'lift' ? command.lift.revocation : command.alert.id;
}

export async function replay(
  file: string,
  options: { config?: string; policy?: string; json?: string },
): Promise<void> {
  const { config } = loadConfig({ path: options.config });
  const fallback = config.policy === undefined ? defaultPolicy() : loadPolicy(config.policy);
  const policy = options.policy === undefined ? null : loadPolicy(options.policy);
  const recording = await readRecording(file);
  const replayed = new Replay({
    policy: policy ?? fallback,
    policies: policiesOf(recording),
    pinned: policy !== null,
    maxSkewMs: config.maxSkewMs,
  });
  const verdicts = verdictsOf(replayed, recording.activities);
  const lines = Readable.from(verdicts.map((one) => `${JSON.stringify(one)}\n`));
  if (options.json === undefined) await pipeline(lines, process.stdout, { end: false });
  else await pipeline(lines, createWriteStream(options.json, { mode: 0o600 }));
  const count = (type: string) =>
    verdicts.flatMap(({ commands }) => commands).filter((one) => one.type === type).length;
  const say = (text: string) => process.stderr.write(`${text}\n`);
  say(
    `${verdicts.length} activities of ${replayed.states.size} agents judged by ${policy ? policy.digest : 'the policies of the log'}`,
  );
  say(`${count('alert')} alerts, ${count('revoke')} revocations, ${count('lift')} lifts`);
  for (const one of verdicts.filter(({ commands }) => commands.some(({ type }) => type === 'revoke'))) {
    say(
      `  ${one.agent} at ${one.partition}/${one.offset}: risk ${one.risk.toFixed(1)} (${one.level}), ${one.evidence.join(', ')}`,
    );
  }
}
