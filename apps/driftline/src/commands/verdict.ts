/** `driftline verdict`: what a person found about an alert, for whoever judges the next call. */
import { InvalidArgumentError } from 'commander';
import type { VerdictRequest } from '#access';
import { printable } from '../view.js';
import { say, withOversight, type NamedOptions } from './people.js';

const VERDICTS = ['confirmed', 'false-positive'] as const;
const SCOPES = ['task', 'agent'] as const;
const UNITS_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export interface VerdictOptions extends NamedOptions {
  scope: VerdictRequest['scope'];
  /** Wall time. */
  until: number;
}

export async function verdict(
  alert: string,
  found: VerdictRequest['verdict'],
  { scope, until, by, reason, ...person }: VerdictOptions,
): Promise<void> {
  await withOversight({ ...person, by, reason } as NamedOptions, async (oversight) => {
    const view = await oversight.verdict(alert, { verdict: found, scope, untilMs: until, by, reason });
    const what = found === 'confirmed' ? 'weighs in full' : 'is cleared and not raised again';
    const whose = scope === 'agent' ? 'in every task of the agent' : 'where it was shown';
    const kinds = view.evidence.map((key) => `  ${printable(key)}`).join('\n');
    say(`${found}: until ${new Date(until).toISOString()} this ${what}, ${whose}:\n${kinds}`);
    say(`risk is now ${view.risk.toFixed(0)} (${view.level}) for ${printable(view.task ?? view.agent)}`);
  });
}

export const parseVerdict = oneOf(VERDICTS);
export const parseScope = oneOf(SCOPES);

function oneOf<T extends string>(names: readonly T[]): (text: string) => T {
  return (text) => {
    const found = names.find((name) => name === text);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`expected one of ${names.join(', ')}`);
  };
}

/** A duration from now (`12h`, `7d`) or a date (`2026-10-01`, `2026-10-01T12:00Z`), as wall time in ms. */
export function parseUntil(text: string, nowMs = Date.now()): number {
  const duration = /^([1-9][0-9]{0,6})([smhd])$/.exec(text);
  if (duration) return nowMs + Number(duration[1]) * UNITS_MS[duration[2]!]!;
  const atMs = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(atMs)) {
    throw new InvalidArgumentError('expected a duration like 12h or 7d, or a date like 2026-10-01');
  }
  return atMs;
}
