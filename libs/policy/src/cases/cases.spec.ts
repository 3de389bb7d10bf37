import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PolicyError } from '../errors.js';
import { caseFilesOf, casesText, runCaseFile } from './index.js';

const acme = fileURLToPath(new URL('../../../../test/cases/policy/good/acme.test.yaml', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cases-'));
  writeFileSync(join(folder, 'x.yaml'), readFileSync(acme.replace('.test', ''), 'utf8'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function caught(run: () => unknown): PolicyError {
  try {
    run();
  } catch (error) {
    if (error instanceof PolicyError) return error;
    throw error;
  }
  throw new Error('expected mistakes, got none');
}

describe('cases beside a policy', () => {
  it('pass: tiers, facts, exceptions and their end, as the example says', () => {
    const ran = runCaseFile(acme);
    expect(ran.cases.map(({ title, outcome }) => [title, outcome.mismatches])).toEqual(
      ran.cases.map(({ title }) => [title, []]),
    );
    expect(ran.cases.length).toBe(5);
  });

  it('pass: what a call does by its arguments, as the example says', () => {
    const ran = runCaseFile(acme.replace('acme', 'effects'));
    expect(ran.cases.map(({ title, outcome }) => [title, outcome.mismatches])).toEqual(
      ran.cases.map(({ title }) => [title, []]),
    );
    expect(ran.cases.length).toBe(8);
  });

  it('lay keys over those of the policy', () => {
    const path = written(
      'x.off.test.yaml',
      `about: tiers off\npolicy: { tiers: [] }\ncases:\n  - title: a small payment outside is refused\n    given: [{ starts: t1, scope: { effects: [read] } }]\n    when: { call: bank/pay, arguments: { amount: 1 }, task: t1 }\n    expect: { refused: true, observed: false }\n`,
    );
    const ran = runCaseFile(path);
    expect(ran.cases[0]?.outcome.mismatches).toEqual([]);
    expect(ran.digest).not.toBe(runCaseFile(acme).digest);
  });

  it('say what differed, and what happened instead', () => {
    const path = written(
      'x.test.yaml',
      `about: wrong\ncases:\n  - title: nothing is said of a secret\n    when: { result: vault/read_secret, classes: [credential] }\n    expect: { level: normal, evidence: [], commands: [lift, alert elevated], alerts: [] }\n`,
    );
    const text = casesText([runCaseFile(path)]).replaceAll(folder, '');
    expect(text).toContain('/x.test.yaml: 0 of 1 passed');
    expect(text).toContain('FAILED nothing is said of a secret (/x.test.yaml:3)');
    expect(text).toMatch(/evidence\n {6}\+ data-class\/credential/);
    expect(text).toMatch(/what happened: risk \d+\.\d \(\w+\)\n {6}data-class\/credential@implicit/);
  });

  it('are checked against their schema, every mistake with its line', () => {
    const path = written(
      'x.bad.test.yaml',
      'about: bad\ncases:\n  - title: a\n    when: { cal: bank/pay, taks: t1 }\n    expect: { levle: high }\n  - title: b\n    when: { call: pay, effect: sned }\n    expect: {}\n',
    );
    const error = caught(() => runCaseFile(path));
    expect(error.mistakes.map((one) => `${one.line}:${one.column} ${one.path}: ${one.message}`)).toEqual([
      '4:5 cases[0].when.call: expected string, got nothing',
      '4:13 cases[0].when.cal: unknown key; did you mean "call"?',
      '4:28 cases[0].when.taks: unknown key; did you mean "task"?',
      '5:15 cases[0].expect.levle: unknown key; did you mean "level"?',
      '7:13 cases[1].when.call: expected server/tool, got "pay"',
      '7:24 cases[1].when.effect: expected one of read, write, delete, execute, send, admin, unknown, got "sned"; did you mean "send"?',
      '8:5 cases[1].expect: expected at least one expectation, got {}',
    ]);
  });

  it('that cannot be told are failures, not crashes', () => {
    const path = written(
      'x.lift.test.yaml',
      'about: x\ncases:\n  - title: a\n    when: { lifts: the last revocation }\n    expect: { level: normal }\n',
    );
    expect(runCaseFile(path).cases[0]?.outcome.mismatches).toEqual([
      {
        what: 'steps',
        expected: 'steps that can be told',
        got: 'nothing was revoked, so there is nothing to lift',
      },
    ]);
  });

  it('are found by name', () => {
    const names = ['a.yaml', 'a.test.yaml', 'a.mail.test.yaml', 'ab.test.yaml', 'b.test.yaml'];
    expect(caseFilesOf('/p/a.yaml', names)).toEqual(['/p/a.mail.test.yaml', '/p/a.test.yaml']);
  });
});
