/** Golden cases of the core: `test/cases/drift/*.yaml`, given / when / expect, on the shipped policy. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { ToolCall } from '#activity/types';
import type { Assessment, Command, Verdict } from '#drift';
import { parsePolicy } from '#policy';
import { CaseFile, type Case, type Step } from './case-schema.js';
import { Story } from './story.js';

const folder = fileURLToPath(new URL('../../cases/drift/', import.meta.url));
const shipped = readFileSync(
  fileURLToPath(new URL('../../../assets/policy/default.yaml', import.meta.url)),
  'utf8',
);

for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
  const { about, policy, cases } = CaseFile.parse(parse(readFileSync(folder + file, 'utf8')));
  const compiled = parsePolicy(
    policy ? stringify({ ...(parse(shipped) as object), ...policy }) : shipped,
    file,
  );
  describe(`${file}: ${about}`, () => {
    it.each(cases)('$title', (one) => {
      const story = new Story(compiled);
      for (const step of one.given) tell(story, step);
      expect(Object.keys(one.expect)).not.toEqual([]);
      meets(one.expect, one.when, story);
    });
  });
}

function meets(wanted: Case['expect'], when: Step, story: Story): void {
  const verdict = 'call' in when ? story.judge(callFields(when)) : null;
  const folded = tell(story, when);
  if (verdict !== null) meetsVerdict(wanted, verdict);
  if (folded !== null) meetsAssessment(wanted, folded);
  // A call that ran is folded as it was judged beforehand.
  const ran = 'call' in when && when.refused === undefined && when.times === 1;
  const beforehand = ran && verdict !== null ? verdict.assessment : folded;
  expect(beforehand && summary(beforehand)).toEqual(folded && summary(folded));
}

function summary({ risk, level, evidence, commands }: Assessment) {
  return { risk, level, evidence: evidence.map(({ key }) => key), commands: commands.map(named) };
}

function meetsVerdict(wanted: Case['expect'], verdict: Verdict): void {
  if (wanted.allowed !== undefined) expect(verdict.allowed).toBe(wanted.allowed);
  if (wanted.reason !== undefined) expect(verdict.reason).toBe(wanted.reason);
  if (wanted.response !== undefined) expect(verdict.response).toBe(wanted.response);
  if (wanted.retryable !== undefined) expect(verdict.retryable).toBe(wanted.retryable);
}

function meetsAssessment(wanted: Case['expect'], folded: Assessment): void {
  const { risk, level, evidence, commands, findings } = folded;
  if (wanted.level !== undefined) expect(level).toBe(wanted.level);
  if (wanted.risk !== undefined) {
    expect(risk).toBeGreaterThanOrEqual(wanted.risk[0]);
    expect(risk).toBeLessThanOrEqual(wanted.risk[1]);
  }
  if (wanted.evidence !== undefined) {
    expect(evidence.map(({ key }) => wanted.evidence!.find((kind) => key.startsWith(kind)) ?? key)).toEqual(
      wanted.evidence,
    );
  }
  if (wanted.commands !== undefined) expect(commands.map(named)).toEqual(wanted.commands);
  if (wanted.observed !== undefined) {
    for (const command of commands)
      if (command.type === 'alert') expect(command.alert.observed).toBe(wanted.observed);
  }
  if (wanted.explains !== undefined)
    expect([...evidence, ...findings].map(({ explanation }) => explanation).join('\n')).toContain(
      wanted.explains,
    );
}

function named(command: Command): string {
  switch (command.type) {
    case 'revoke':
      return `revoke ${command.revocation.response}`;
    case 'alert':
      return `alert ${command.alert.level}`;
    case 'lift':
      return 'lift';
  }
}

/** Folds a step; null where nothing was folded. */
function tell(story: Story, step: Step): Assessment | null {
  if ('waitMinutes' in step) story.wait(step.waitMinutes * 60_000);
  else if ('starts' in step) {
    return story.start(step.starts, {
      scope: step.scope,
      expiresAt: story.now + step.minutes * 60_000,
      task: step.starts,
    });
  } else if ('ends' in step) return story.end(step.ends);
  else if ('check' in step) return story.check(step.task, step.check, step.shown);
  else if ('lifts' in step) return story.lift(lastRevocation(story));
  else if ('result' in step) return story.result(resultFields(step));
  else {
    for (let i = 1; i < step.times; i++) story.call(callFields(step));
    return story.call(callFields(step));
  }
  return null;
}

function lastRevocation(story: Story): string {
  const revoked = story.commands.flatMap((command) =>
    command.type === 'revoke' ? [command.revocation.id] : [],
  );
  const last = revoked.at(-1);
  if (last === undefined) throw new Error('case: nothing was revoked, so there is nothing to lift');
  return last;
}

function callFields(step: Extract<Step, { call: string }>): Partial<ToolCall> {
  const [server, tool] = step.call.split('/') as [string, string];
  return {
    server,
    tool,
    effect: step.effect,
    resource: step.resource ?? null,
    destination: step.to === undefined ? null : { place: step.to, print: '00000000000000aa' },
    uncatalogued: step.uncatalogued ?? false,
    ...where(step),
    ...(step.classes ? { dataClasses: step.classes } : {}),
    ...(step.refused ? { decision: 'refused', basis: step.refused, reason: 'refused' } : {}),
  };
}

function resultFields(step: Extract<Step, { result: string }>) {
  const [server, tool] = step.result.split('/') as [string, string];
  return {
    server,
    tool,
    dataClasses: step.classes,
    trust: step.trust,
    outcome: step.outcome,
    ...where(step),
  };
}

function where(step: { task?: string; conversation?: string; principal?: string }) {
  return {
    task: step.task ?? null,
    conversation: step.conversation ?? null,
    ...(step.principal ? { principal: step.principal } : {}),
  };
}
