/** `driftline policy active | activate`: which policy judges, and putting another one in its place without a restart. */
import type { Command } from 'commander';
import type { PolicyView } from '#access';
import { bundlePolicy } from '#policy';
import { clock, printable } from '../view.js';
import { say, withOversight, type NamedOptions, type PersonOptions } from './people.js';

/** Read and validated here first, so that every mistake is listed with its line; the authority does it again. */
export async function activatePolicy(file: string, options: NamedOptions): Promise<void> {
  const { policy, bundle } = bundlePolicy(file);
  const { by, reason } = options;
  await withOversight(options, async (oversight) => {
    const before = await oversight.policy();
    if (before.digest === policy.digest) {
      say(`already active: ${told(before)}`);
      return;
    }
    const after = await oversight.activatePolicy({ ...bundle, digest: policy.digest, by, reason });
    say(`active: ${told(after)}\nbefore: ${told(before)}`);
  });
}

export async function activePolicy(options: PersonOptions & { json?: boolean }): Promise<void> {
  await withOversight(options, async (oversight) => {
    const view = await oversight.policy();
    say(options.json ? JSON.stringify(view, null, 2) : told(view));
  });
}

/** Adds both to the `policy` command, whoever made that. */
export function addActivePolicy(
  root: Command,
  person: (parent: Command, name: string, description: string) => Command,
): void {
  const policy =
    root.commands.find((command) => command.name() === 'policy') ??
    root.command('policy').description('what judges: check, compare and activate policies');
  person(policy, 'active', 'which policy judges now, since when and by whom')
    .option('--json')
    .action(activePolicy);
  person(policy, 'activate <file>', 'let this policy judge from now on, everywhere, without a restart')
    .requiredOption('--by <name>', 'who decides')
    .requiredOption('--reason <text>', 'why')
    .action(activatePolicy);
}

function told({ revision, digest, name, by, reason, at }: PolicyView): string {
  const who = revision === 0 ? 'configured, not activated yet' : `by ${printable(by)}: ${printable(reason)}`;
  const when = at === 0 ? '' : ` since ${clock(at)}`;
  return `revision ${revision}, "${printable(name)}" (${digest.slice(0, 12)})${when}, ${who}`;
}
