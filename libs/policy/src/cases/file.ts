/** Files of cases: read, checked with lines, and run against the policy that they are about. */
import { basename, dirname, join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Policy } from '#drift';
import { PolicyError, type PolicyMistake } from '../errors.js';
import { besideOf } from '../load.js';
import { byPlace, parsePolicy, placed } from '../parse.js';
import { fromDisk, type ReadText } from '../read-text.js';
import { Source } from '../source.js';
import { wrongIn, type Broken } from '../wording.js';
import { runCase, type Outcome } from './run.js';
import { CaseFile, type Case } from './schema.js';

export interface RanCase {
  title: string;
  /** Of the case in the file. */
  line: number;
  outcome: Outcome;
}

export interface RanFile {
  path: string;
  about: string;
  /** The policy that was tested, and its digest with what the file lays over it. */
  policy: string;
  digest: string;
  cases: RanCase[];
}

/** Throws `PolicyError` that lists every mistake of the cases, or of the policy, with its line. */
export function runCaseFile(path: string, read: ReadText = fromDisk): RanFile {
  const { source, file } = readCases(path, read);
  const of = policyOf(path, file);
  const policy = policyFor(of, file, read);
  const cases = file.cases.map((one, at) => ({
    title: one.title,
    line: source.at(['cases', at]).line,
    outcome: runCase(policy, one, 'gateway', Date.parse(file.begins)),
  }));
  return { path, about: file.about, policy: of, digest: policy.digest, cases };
}

function readCases(path: string, read: ReadText): { source: Source; file: CaseFile } {
  let text: string;
  try {
    text = read(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new PolicyError(
      path,
      [{ line: 1, path: '', message: `expected a readable file, got ${code}` }],
      CASES,
    );
  }
  const source = new Source(text);
  const unreadable: PolicyMistake[] = source.unreadable.map((one) => ({ path: '', ...one }));
  if (unreadable.length > 0) throw new PolicyError(path, unreadable, CASES);
  const parsed = CaseFile.safeParse(source.data);
  const broken = parsed.success
    ? twice(parsed.data.cases)
    : wrongIn(CaseFile, parsed.error.issues, source.data);
  const mistakes = broken.map((one) => placed(source, one)).toSorted(byPlace);
  if (!parsed.success || mistakes.length > 0) throw new PolicyError(path, mistakes, CASES);
  return { source, file: parsed.data };
}
const CASES = 'test file';

function twice(cases: Case[]): Broken[] {
  const titles = cases.map(({ title }) => title);
  return titles.flatMap((title, at) =>
    titles.indexOf(title) < at
      ? [{ path: ['cases', at, 'title'], message: 'another case has the same title' }]
      : [],
  );
}

const SUFFIX = '.test.yaml';

/** `x.test.yaml` and `x.anything.test.yaml` are about `x.yaml`, unless they say otherwise. */
function policyOf(path: string, file: CaseFile): string {
  if (file.for !== undefined) return resolve(dirname(path), file.for);
  const [name] = basename(path).replace(SUFFIX, '').split('.');
  return join(dirname(path), `${name}.yaml`);
}

function policyFor(path: string, { policy: over }: CaseFile, read: ReadText): Policy {
  let text: string;
  try {
    text = read(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new PolicyError(path, [
      { line: 1, path: '', message: `expected the policy that is tested, got ${code}` },
    ]);
  }
  const beside = besideOf(path, read);
  const policy = parsePolicy(text, path, beside);
  if (over === undefined) return policy;
  return parsePolicy(
    stringify({ ...(parse(text) as object), ...over }),
    `${path} with the keys of policy:`,
    beside,
  );
}

/** Whether a file is one of cases, by its name. */
export function isCaseFile(path: string): boolean {
  return path.endsWith(SUFFIX);
}

/** Of the names in its folder, the files of cases about this policy. */
export function caseFilesOf(policy: string, names: readonly string[]): string[] {
  const stem = basename(policy).replace(/\.ya?ml$/, '');
  return names
    .filter((name) => isCaseFile(name) && (name === stem + SUFFIX || name.startsWith(`${stem}.`)))
    .toSorted()
    .map((name) => join(dirname(policy), name));
}
