/** `driftline policy check | test | diff | calibrate`: names and options; each is in a file of its own. */
import type { Command } from 'commander';
import { checkFile } from './policy-check.js';
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
}
