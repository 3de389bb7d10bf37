/** Runs a case: what happened is told to the core, what happens now is judged, and compared with what was expected. */
import type { Assessment, Command, Policy, Verdict } from '#drift';
import type { Case, Expectation } from './schema.js';
import { callFields, tell, type Assumption } from './steps.js';
import { SOMEBODY, START_MS, Story } from './story.js';

/** One expectation that was not met. */
export interface Mismatch {
  /** Key of `expect`, or what went wrong besides. */
  what: string;
  expected: unknown;
  got: unknown;
}

export interface Outcome {
  mismatches: Mismatch[];
  /** What the core said; null where nothing was folded. */
  assessment: Assessment | null;
  verdict: Verdict | null;
}

/** A step that cannot be told is a mismatch too; nothing is thrown. */
export function runCase(policy: Policy, one: Case, assume: Assumption, startMs = START_MS): Outcome {
  const { tenant = SOMEBODY.tenant, agent = SOMEBODY.agent } = one;
  const story = new Story(policy, { ...SOMEBODY, tenant, agent }, startMs);
  try {
    for (const step of one.given) tell(story, step, assume);
    return judged(story, one, assume);
  } catch (error) {
    const got = (error as Error).message;
    const mismatches = [{ what: 'steps', expected: 'steps that can be told', got }];
    return { mismatches, assessment: null, verdict: null };
  }
}

function judged(story: Story, { when, expect }: Case, assume: Assumption): Outcome {
  if ('call' in when && when.after !== undefined) story.wait(when.after);
  const now = 'call' in when ? { ...when, after: undefined } : when;
  const verdict = 'call' in now ? story.judge(callFields(story, now, assume)) : null;
  const assessment = tell(story, now, assume);
  const mismatches = [...ofVerdict(expect, verdict), ...ofAssessment(expect, assessment)];
  // A call that ran is folded as it was judged beforehand.
  const ran = 'call' in now && now.refused === undefined && now.times === 1;
  if (ran && verdict !== null && assessment !== null) {
    mismatches.push(...differing('judged beforehand', summary(assessment), summary(verdict.assessment)));
  }
  return { mismatches, assessment, verdict };
}

function summary({ risk, level, evidence, commands }: Assessment) {
  return { risk, level, evidence: evidence.map(({ key }) => key), commands: commands.map(commandName) };
}

function ofVerdict(wanted: Expectation, verdict: Verdict | null): Mismatch[] {
  const { allowed, refused, reason, response, retryable } = wanted;
  if ([allowed, refused, reason, response, retryable].every((said) => said === undefined)) return [];
  if (verdict === null) {
    return [{ what: 'when', expected: 'a call, which alone can be allowed or refused', got: 'another step' }];
  }
  return [
    ...asked('allowed', allowed, verdict.allowed),
    ...asked('refused', refused, !verdict.allowed),
    ...asked('reason', reason, verdict.reason),
    ...asked('response', response, verdict.response),
    ...asked('retryable', retryable, verdict.retryable),
  ];
}

function ofAssessment(wanted: Expectation, folded: Assessment | null): Mismatch[] {
  if (folded === null) return [];
  const { risk, level, evidence, commands, findings } = folded;
  const alerts = commands.flatMap((command) => (command.type === 'alert' ? [command.alert] : []));
  const mismatches = [
    ...asked('level', wanted.level, level),
    ...asked(
      'evidence',
      wanted.evidence,
      abbreviated(
        evidence.map(({ key }) => key),
        wanted.evidence,
      ),
    ),
    ...asked(
      'alerts',
      wanted.alerts,
      alerts.map((one) => `${one.level}${one.observed ? ' observed' : ''}`),
    ),
    ...asked('commands', wanted.commands, commands.map(commandName)),
  ];
  if (wanted.observed !== undefined && alerts.some(({ observed }) => observed !== wanted.observed)) {
    mismatches.push({ what: 'observed', expected: wanted.observed, got: !wanted.observed });
  }
  if (wanted.risk !== undefined && (risk < wanted.risk[0] || risk > wanted.risk[1])) {
    mismatches.push({ what: 'risk', expected: `${wanted.risk[0]} to ${wanted.risk[1]}`, got: risk });
  }
  mismatches.push(
    ...ofKinds(
      wanted,
      evidence.map(({ key }) => key),
    ),
  );
  const said = [...evidence, ...findings].map(({ explanation }) => explanation);
  if (wanted.explains !== undefined && !said.some((text) => text.includes(wanted.explains as string))) {
    mismatches.push({ what: 'explains', expected: wanted.explains, got: said });
  }
  return mismatches;
}

function ofKinds({ includes = [], excludes = [] }: Expectation, keys: string[]): Mismatch[] {
  const isThere = (beginning: string) => keys.some((key) => key.startsWith(beginning));
  const [missing, unwanted] = [includes.filter((kind) => !isThere(kind)), excludes.filter(isThere)];
  return [
    ...(missing.length > 0 ? [{ what: 'includes', expected: missing, got: keys }] : []),
    ...(unwanted.length > 0
      ? [{ what: 'excludes', expected: `none of ${unwanted.join(', ')}`, got: keys }]
      : []),
  ];
}

/** Each key by the expected beginning that it has, so that a case need not say all of it. */
function abbreviated(keys: string[], wanted: readonly string[] = []): string[] {
  return keys.map((key) => wanted.find((beginning) => key.startsWith(beginning)) ?? key);
}

function asked(what: string, expected: unknown, got: unknown): Mismatch[] {
  return expected === undefined ? [] : differing(what, expected, got);
}

function differing(what: string, expected: unknown, got: unknown): Mismatch[] {
  return JSON.stringify(expected) === JSON.stringify(got) ? [] : [{ what, expected, got }];
}

function commandName(command: Command): string {
  if (command.type === 'revoke') return `revoke ${command.revocation.response}`;
  return command.type === 'alert' ? `alert ${command.alert.level}` : 'lift';
}
