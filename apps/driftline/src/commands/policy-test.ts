/** `driftline policy test [FILE…]`: cases beside a policy. Exit code 1 when one fails, or when a file is wrong. */
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { caseFilesOf, casesText, isCaseFile, runCaseFile, type RanFile } from '#policy';
import { CommandError } from '../errors.js';
import { configuredPolicy, counted } from './policy-check.js';

export interface TestOptions {
  config?: string;
  json?: boolean;
}

/** Files may be policies, files of cases, or folders; without any, the policy of the configuration. */
export function testFiles(files: string[], options: TestOptions): void {
  const named = files.length > 0 ? files : [configuredPolicy(options.config)];
  const found = named.flatMap(casesIn);
  const ran = [...new Set(found)].map((path) => runCaseFile(path));
  const cases = ran.flatMap((file) => file.cases);
  const failed = cases.filter(({ outcome }) => outcome.mismatches.length > 0).length;
  if (options.json)
    process.stdout.write(`${JSON.stringify({ ok: failed === 0, files: ran.map(asData) }, null, 2)}\n`);
  else process.stdout.write(`${casesText(ran)}\n${counted(cases.length, 'case')}, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

function casesIn(path: string): string[] {
  if (statSync(path).isDirectory()) {
    const names = readdirSync(path).filter(isCaseFile).toSorted();
    return names.map((name) => join(path, name));
  }
  if (isCaseFile(path)) return [path];
  const found = caseFilesOf(path, readdirSync(dirname(path)));
  if (found.length > 0) return found;
  throw new CommandError(
    `there are no cases beside ${path}: write ${path.replace(/\.ya?ml$/, '.test.yaml')} (docs/how-to/policy.md)`,
  );
}

function asData({ path, policy, digest, cases }: RanFile) {
  return {
    file: path,
    policy,
    digest,
    cases: cases.map(({ title, line, outcome }) => ({
      title,
      line,
      ok: outcome.mismatches.length === 0,
      mismatches: outcome.mismatches,
    })),
  };
}
