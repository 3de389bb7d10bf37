/** `driftline policy check | test | diff | calibrate`: names and options; each is in a file of its own. */
import { InvalidArgumentError, type Command } from 'commander';
import { calibratePolicy } from './policy-calibrate.js';
import { checkFile } from './policy-check.js';
import { diffPolicies } from './policy-diff.js';
import { testFiles } from './policy-test.js';

const CONFIG = ['-c, --config <file>', 'configuration (default: driftline.yaml, if there is one)'] as const;

export function addPolicy(root: Command): void {
  const policy = root
    .command('policy')
    .description('what judges: check, test, compare, calibrate and activate policies');
  policy
    .command('check [file]')
    .description('every mistake with its place, and what is allowed but probably not meant')
    .option('--json', 'as data')
    .option('--strict', 'warnings fail too')
    .option(...CONFIG)
    .action(checkFile);
  policy
    .command('test [files...]')
    .description('cases beside a policy (x.test.yaml beside x.yaml), or of a folder')
    .option('--json', 'as data')
    .option(...CONFIG)
    .action(testFiles);
  policy
    .command('diff <old> <new>')
    .description('which verdicts on recorded work change, who would be stopped or no longer')
    .requiredOption('--on <recording>', 'what `driftline record` wrote')
    .option('--limit <n>', 'tasks listed', count, 20)
    .option('--json', 'as data')
    .option(...CONFIG)
    .action(diffPolicies);
  policy
    .command('calibrate')
    .description('thresholds that keep the budgets of a policy, from recorded work')
    .requiredOption('--on <recordings...>', 'what `driftline record` wrote, nothing enforced')
    .requiredOption('--out <file>', 'where the thresholds go')
    .option('--policy <file>', 'default: that of the configuration')
    .option('--one-in <n>', 'one budget for everybody, instead of those of the policy', count)
    .option('--confidence <share>', 'that the budget is kept by more than this history', share, 0.95)
    .option('--json', 'as data')
    .option(...CONFIG)
    .action(calibratePolicy);
}

function count(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number above 0');
}

function share(text: string): number {
  const value = Number(text);
  if (value > 0 && value < 1) return value;
  throw new InvalidArgumentError('expected a number between 0 and 1');
}
