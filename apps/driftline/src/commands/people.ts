/** What a person decides at a terminal: revoke, lift, look, follow. The authority audits each with name and reason. */
import { HttpOversight, HttpAuthority } from '#access';
import { loadOrCreateCredentials } from '#authority';
import { loadConfig } from '#config';
import type { Effect } from '#activity/types';
import { CommandError } from '../errors.js';
import { clock, printable, View } from '../view.js';

export interface PersonOptions {
  config?: string;
  /** Address of the authority; the configured one when absent. */
  authority?: string;
  /** Environment variable that holds the token; the generated `person` credential when absent. */
  tokenEnv?: string;
}

export interface NamedOptions extends PersonOptions {
  by: string;
  reason: string;
}

export interface RevokeOptions extends NamedOptions {
  agent?: string;
  asserted?: boolean;
  task?: string;
  server?: string;
  tools?: string[];
  effects?: Effect[];
  minutes?: number;
}

export async function revoke(options: RevokeOptions): Promise<void> {
  const untilMs = options.minutes === undefined ? null : Date.now() + options.minutes * 60_000;
  await withOversight(options, async (oversight) => {
    const revocation = await oversight.revoke({
      agent: options.agent ?? null,
      assurance: options.asserted ? 'asserted' : 'verified',
      task: options.task ?? null,
      server: options.server ?? null,
      tools: options.tools ?? null,
      effects: options.effects ?? null,
      untilMs,
      by: options.by,
      reason: options.reason,
    });
    say(new View(process.stdout.isTTY).revocation(revocation));
  });
}

export async function lift(id: string, options: NamedOptions): Promise<void> {
  await withOversight(options, async (oversight) => {
    await oversight.lift(id, options.by, options.reason);
    say(`lifted ${printable(id)}`);
  });
}

export async function removeGateway(gateway: string, instance: string, options: NamedOptions): Promise<void> {
  await withOversight(options, async (oversight) => {
    await oversight.removeGateway(gateway, instance, options.by, options.reason);
    say(`${printable(instance)} is waited for no longer`);
  });
}

export async function revocations(options: PersonOptions & { json?: boolean }): Promise<void> {
  await withOversight(options, async (oversight) => {
    const live = await oversight.revocations();
    if (options.json) return say(JSON.stringify(live, null, 2));
    const view = new View(process.stdout.isTTY);
    say(live.length === 0 ? 'nothing is revoked' : live.map((one) => view.revocation(one)).join('\n'));
  });
}

export async function alerts(options: PersonOptions & { follow?: boolean; json?: boolean }): Promise<void> {
  const view = new View(process.stdout.isTTY);
  await withOversight(options, async (oversight) => {
    const show = (alert: Parameters<View['alert']>[0]) =>
      say(options.json ? JSON.stringify(alert) : view.alert(alert));
    if (!options.follow) {
      for (const alert of await oversight.alerts()) show(alert);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const following = oversight.followAlerts(show, (error) => (error ? reject(error) : resolve()));
      process.once('SIGINT', () => void following.then((stop) => (stop(), resolve()), reject));
    });
  });
}

export interface CheckOptions extends NamedOptions {
  failed?: boolean;
  /** Key of the agent, for undeclared work. */
  agent?: string;
}

/** Shows the task's live evidence and records the outcome for exactly what was shown. */
export async function check(task: string, options: CheckOptions): Promise<void> {
  await withAuthority(options, async (authority) => {
    const before = await authority.task(task, options.agent);
    if (before === null)
      throw new CommandError(
        `no agent has a task ${printable(task)}: unknown, or long over (undeclared work needs --agent KEY, as the alert names it)`,
      );
    const work = before.intent === '' ? `task ${task} of ${before.agent}` : before.intent;
    say(`${printable(work)}\nrisk ${before.risk.toFixed(0)} (${before.level}), because:`);
    for (const one of before.evidence)
      say(`  ${clock(one.time)}  ${one.weight.toFixed(2)}  ${printable(one.explanation)}`);
    const check = {
      outcome: options.failed ? ('failed' as const) : ('passed' as const),
      by: options.by,
      reason: options.reason,
      evidence: before.evidence.map((one) => one.key),
    };
    const after = await authority.contextCheck(task, check, options.agent);
    say(
      `context check ${options.failed ? 'failed' : 'passed'}: risk is now ${after.risk.toFixed(0)} (${after.level})`,
    );
  });
}

type At = ConstructorParameters<typeof HttpAuthority>[0];

export const withOversight = (options: PersonOptions, act: (oversight: HttpOversight) => Promise<void>) =>
  asPerson(options, (at) => new HttpOversight(at), act);

const withAuthority = (options: PersonOptions, act: (authority: HttpAuthority) => Promise<void>) =>
  asPerson(options, (at) => new HttpAuthority(at), act);

async function asPerson<Client extends { close(): Promise<void> }>(
  options: PersonOptions,
  connect: (at: At) => Client,
  act: (client: Client) => Promise<void>,
): Promise<void> {
  const client = connect(await endpoint(options));
  try {
    await act(client);
  } finally {
    await client.close();
  }
}

async function endpoint(options: PersonOptions): Promise<{ url: string; token: string }> {
  const { config } = loadConfig({ path: options.config });
  const { host, port } = config.authority.listen;
  const url = options.authority ?? config.gateway.authorityUrl ?? `http://${host}:${port}`;
  if (options.tokenEnv !== undefined) {
    const token = process.env[options.tokenEnv];
    if (!token) throw new CommandError(`the environment variable ${options.tokenEnv} is empty`);
    return { url, token };
  }
  const person = (await loadOrCreateCredentials(config)).find(({ role }) => role === 'person');
  if (!person)
    throw new CommandError('no caller of role `person` is configured; name a token with --token-env');
  return { url, token: person.token };
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
