/** `driftline replay FILE`: a recording judged again by the same code, and what it says. */
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { agentKey, type Activity } from '#activity/types';
import { loadConfig } from '#config';
import type { AgentState, Assessment, Policy } from '#drift';
import { Folder } from '#engine';
import { defaultPolicy, loadPolicy } from '#policy';
import { readRecording, type Recording, type RecordedActivity } from '../recording.js';

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

export interface ReplayOutcome {
  verdicts: Verdict[];
  /** Final state per agent key. */
  states: Map<string, AgentState>;
}

/**
 * Folds a recording from nothing. Without `policy` it follows the records of the log; with it, that policy judges
 * everything. Throws `EngineError` when the log names a policy that the recording does not carry.
 */
export function replayRecording(
  recording: Recording,
  options: { policy: Policy | null; fallback: Policy; maxSkewMs: number },
): ReplayOutcome {
  const policies = { get: (digest: string) => recording.policies.get(digest) ?? null };
  const folders = new Map<number, Folder>();
  const states = new Map<string, AgentState>();
  const verdicts: Verdict[] = [];
  for (const line of recording.activities) {
    let folder = folders.get(line.partition);
    if (folder === undefined) {
      folder = new Folder(
        options.policy ?? options.fallback,
        policies,
        options.maxSkewMs,
        options.policy !== null,
      );
      folders.set(line.partition, folder);
    }
    if (folder.turn(line.activity)) continue;
    const key = agentKey(line.activity);
    const assessment = folder.fold(states.get(key) ?? null, line.activity, line.appendTimeMs);
    states.set(key, assessment.state);
    verdicts.push(verdict(line, key, assessment));
  }
  return { verdicts, states };
}

function verdict(
  { partition, offset, activity }: RecordedActivity,
  agent: string,
  assessment: Assessment,
): Verdict {
  const { risk, level, duplicate, evidence, commands } = assessment;
  return {
    partition,
    offset,
    agent,
    type: activity.type,
    id: activity.id,
    risk,
    level,
    duplicate,
    evidence: evidence.map(({ key }) => key),
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
  const { verdicts, states } = replayRecording(await readRecording(file), {
    policy,
    fallback,
    maxSkewMs: config.maxSkewMs,
  });
  if (options.json !== undefined) await writeLines(options.json, verdicts);
  const count = (type: string) =>
    verdicts.flatMap(({ commands }) => commands).filter((one) => one.type === type).length;
  const say = (text: string) => process.stdout.write(`${text}\n`);
  say(
    `${verdicts.length} activities of ${states.size} agents judged by ${policy ? policy.digest : 'the policies of the log'}`,
  );
  say(`${count('alert')} alerts, ${count('revoke')} revocations, ${count('lift')} lifts`);
  for (const one of verdicts.filter(({ commands }) => commands.some(({ type }) => type === 'revoke'))) {
    say(
      `  ${one.agent} at ${one.partition}/${one.offset}: risk ${one.risk.toFixed(1)} (${one.level}), ${one.evidence.join(', ')}`,
    );
  }
}

async function writeLines(path: string, verdicts: Verdict[]): Promise<void> {
  const out = createWriteStream(path, { mode: 0o600 });
  for (const one of verdicts) if (!out.write(`${JSON.stringify(one)}\n`)) await once(out, 'drain');
  out.end();
  await once(out, 'finish');
}
