/** The `driftline` command: names and options; each command is in `commands/`. */
import 'reflect-metadata';
import { Command, InvalidArgumentError, Option } from 'commander';
import { EFFECTS, type Effect } from '#activity/types';
import { buildFrom } from './commands/baseline.js';
import { demo } from './commands/demo.js';
import { evaluate } from './commands/evaluate.js';
import * as people from './commands/people.js';
import { addActivePolicy } from './commands/policy-active.js';
import { addPolicy } from './commands/policy.js';
import { rebuild } from './commands/rebuild.js';
import { record } from './commands/record.js';
import { replay } from './commands/replay.js';
import { runAuthority, runEngine, runGateway } from './commands/service.js';
import { up } from './commands/up.js';
import { parseScope, parseUntil, parseVerdict, verdict } from './commands/verdict.js';
import { explain } from './errors.js';
import { FORMS, GRANTS, MODES } from './evaluate/settings.js';

const CONFIG = ['-c, --config <file>', 'configuration (default: driftline.yaml, if there is one)'] as const;

function program(): Command {
  const root = new Command('driftline').description('Runtime risk engine for AI agents');
  root
    .command('up')
    .description('gateway, authority, engine and a live view in one process')
    .option(...CONFIG)
    .action(up);
  root
    .command('demo')
    .description('a real agent drifts, and every gateway refuses it: inline and streamed')
    .option('--kafka', 'on Kafka and Redis (from the environment, or started by `npm run infra:up`)')
    .option('--json <file>', 'write what happened as data')
    .action(demo);
  root
    .command('engine')
    .description('the engine alone')
    .option(...CONFIG)
    .action(runEngine);
  root
    .command('authority')
    .description('the authority alone')
    .option(...CONFIG)
    .action(runAuthority);
  root
    .command('gateway')
    .description('the gateway alone')
    .option(...CONFIG)
    .action(runGateway);
  root
    .command('record <out>')
    .description('write the activity log as JSON lines: position, append time, activity')
    .option(...CONFIG)
    .action(record);
  root
    .command('replay <file>')
    .description('judge a recording again, with the policy of the configuration or --policy')
    .option(...CONFIG)
    .option('--policy <file>', 'another policy')
    .option('--json <file>', 'write the verdicts there instead of to standard output')
    .action(replay);
  root
    .command('rebuild')
    .description('with the engines stopped: forget a halted partition and have it folded again from the log')
    .argument('<partition>', 'number of the partition', partitionNumber)
    .option(...CONFIG)
    .requiredOption('--by <name>', 'who decides')
    .requiredOption('--reason <text>', 'why')
    .action(rebuild);
  addBaseline(root);
  addEvaluate(root);
  addPolicy(root);
  addPeople(root);
  return root;
}

function addBaseline(root: Command): void {
  root
    .command('baseline')
    .description('what is usual among agents of one role')
    .command('build <recorded...>')
    .description('from recordings of `driftline record`, without labels, for a policy to name')
    .requiredOption('--out <file>', 'where the baseline goes')
    .option('--min-tasks <n>', 'roles with fewer tasks are left out', wholeNumber, 20)
    .option('--policy <file>', 'whose roles count; default that of the configuration')
    .option(...CONFIG)
    .action(buildFrom);
}

function addEvaluate(root: Command): void {
  root
    .command('evaluate')
    .description(
      'judge recorded agent runs as if a gateway had seen them: hijacks stopped, honest runs interrupted',
    )
    .argument('<runs...>', 'recorded runs, one JSON object a line, gzip or not')
    .requiredOption('--tools <file>', "the operator's description of each suite's tools")
    .requiredOption('--out <dir>', 'where verdicts.jsonl and index.html go')
    .option('--policy <file>', 'another policy than the shipped one')
    .addOption(
      new Option('--grants <names>', `of ${GRANTS.join(', ')}; default all`).argParser(oneOf(GRANTS)),
    )
    .addOption(new Option('--modes <names>', `of ${MODES.join(', ')}; default all`).argParser(oneOf(MODES)))
    .addOption(new Option('--forms <names>', `of ${FORMS.join(', ')}; default all`).argParser(oneOf(FORMS)))
    .option('--leave-out <suites>', 'nothing is learned from these', list)
    .option('--baseline <file>', 'what is usual in roles, learned elsewhere: for suites with too few runs')
    .option('--phrasings <n>', 'of each reworded form', atLeastOne, 1)
    .option('--workers <n>', 'threads; default one for each core, 0 = none', wholeNumber)
    .option('--seed <n>', 'for everything that is drawn', wholeNumber, 1)
    .action(evaluate);
}

function addPeople(root: Command): void {
  const personOf = (parent: Command, name: string, description: string) =>
    parent
      .command(name)
      .description(description)
      .option(...CONFIG)
      .option('--authority <url>', 'address of the authority')
      .option('--token-env <name>', 'environment variable that holds a `person` token');
  const person = (name: string, description: string) => personOf(root, name, description);
  const named = (name: string, description: string) =>
    person(name, description)
      .requiredOption('--by <name>', 'who decides')
      .requiredOption('--reason <text>', 'why');
  named('revoke', 'take access away')
    .option('--agent <id>', 'SPIFFE ID, or what was asserted')
    .option('--asserted', 'the agent is an asserted one')
    .option('--task <id>', 'a task')
    .option('--server <name>', 'a server')
    .option('--tools <names>', 'tools, separated by commas', list)
    .addOption(new Option('--effects <names>', `of ${EFFECTS.join(', ')}`).argParser(effects))
    .option('--minutes <n>', 'for so long; without it, until lifted', minutes)
    .action(people.revoke);
  named('lift <revocation>', 'give access back').action(people.lift);
  named('remove-gateway <gateway> <instance>', 'a dead gateway instance is waited for no longer').action(
    people.removeGateway,
  );
  named('check <task>', 'pass or fail a context check on the evidence shown')
    .option('--failed')
    .option('--agent <key>', 'key of the agent (tenant|id), for undeclared work as an alert names it')
    .action(people.check);
  named('verdict', 'say what you found about an alert: it counts from the next call on')
    .argument('<alert>', 'id of the alert')
    .argument('<verdict>', 'confirmed, false-positive', parseVerdict)
    .requiredOption(
      '--scope <scope>',
      'task = the evidence shown, agent = its kinds in every task',
      parseScope,
    )
    .requiredOption('--until <when>', 'a duration like 7d, or a date', (text) => parseUntil(text))
    .action(verdict);
  addActivePolicy(root, personOf);
  person('revocations', 'what is revoked now').option('--json').action(people.revocations);
  person('alerts', 'what was found').option('--follow').option('--json').action(people.alerts);
}

function list(text: string): string[] {
  return text.split(',').map((item) => item.trim());
}

function oneOf<T extends string>(known: readonly T[]): (text: string) => T[] {
  return (text) => {
    const names = list(text);
    const wrong = names.find((name) => !(known as readonly string[]).includes(name));
    if (wrong !== undefined) throw new InvalidArgumentError(`${wrong} is not one of ${known.join(', ')}`);
    // In the order known, each once, however they were named.
    return known.filter((name) => names.includes(name));
  };
}

function atLeastOne(text: string): number {
  const value = wholeNumber(text);
  if (value >= 1) return value;
  throw new InvalidArgumentError('expected a whole number above 0');
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number');
}

function effects(text: string): Effect[] {
  const names = list(text);
  const wrong = names.find((name) => !(EFFECTS as readonly string[]).includes(name));
  if (wrong !== undefined) throw new InvalidArgumentError(`${wrong} is not one of ${EFFECTS.join(', ')}`);
  return names as Effect[];
}

function partitionNumber(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected the number of a partition');
}

function minutes(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('expected a number above 0');
  return value;
}

try {
  await program().parseAsync();
} catch (error) {
  process.stderr.write(`driftline: ${explain(error)}\n`);
  process.exit(1);
}
