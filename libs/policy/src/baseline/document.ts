/** The baseline as a file: a versioned artifact named by its digest. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { MEASURES, type Baseline } from '#drift';
import { canonical } from '../canonical.js';
import type { RoleCounts } from './counts.js';
import { fromDisk, mistakeIn, readJson, type ReadText } from '../read-text.js';

/** Names the form of the file; a form that means something else gets another name. */
export const BASELINE_SCHEMA = 'driftline.baseline.v1';
/** It travels inside the policy, and a log takes a megabyte for both. */
export const BASELINE_MAX_BYTES = 512 << 10;
/** Names kept of each kind and role, most frequent first; a name that is left out counts as never seen. */
const NAMES_MAX = 512;
const ROLES_MAX = 256;

const Count = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
const Counts = z.record(z.string(), Count);
const PeerCounts = z.strictObject({
  tasks: Count,
  agents: Count,
  calls: Count,
  results: Count,
  tools: Counts,
  servers: Counts,
  areas: Counts,
  effects: Counts,
  classes: Counts,
  transitions: Counts,
  measures: z.strictObject(
    Object.fromEntries(MEASURES.map((name) => [name, z.array(Count).max(64)])) as Record<
      (typeof MEASURES)[number],
      z.ZodArray<typeof Count>
    >,
  ),
});
const BaselineFile = z.strictObject({
  schema: z.literal(BASELINE_SCHEMA),
  digest: z.string(),
  roles: z.record(z.string(), PeerCounts),
});

/** Counts as they are published: bounded, and named by what they say. */
export function sealBaseline(counts: RoleCounts): Baseline {
  const roles = Object.fromEntries(
    Object.entries(counts).map(([role, of]) => {
      const { tools, servers, areas, classes } = of;
      const kept = {
        tools: mostFrequent(tools),
        servers: mostFrequent(servers),
        areas: mostFrequent(areas),
        classes: mostFrequent(classes),
      };
      return [role, { ...of, ...kept }];
    }),
  );
  return { digest: digestOfRoles(roles), roles };
}

function mostFrequent(counts: Record<string, number>): Record<string, number> {
  const entries = Object.entries(counts);
  if (entries.length <= NAMES_MAX) return counts;
  return Object.fromEntries(
    entries.toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, NAMES_MAX),
  );
}

function digestOfRoles(roles: Baseline['roles']): string {
  return createHash('sha256')
    .update(canonical({ schema: BASELINE_SCHEMA, roles }))
    .digest('hex');
}

/** The file's text. Throws `PolicyError` when it is too large to travel inside a policy. */
export function baselineText({ digest, roles }: Baseline): string {
  const problem = tooLarge(roles);
  if (problem !== null) throw mistakeIn('baseline', problem);
  return `${JSON.stringify({ schema: BASELINE_SCHEMA, digest, roles }, null, 1)}\n`;
}

/** Throws `PolicyError` that says what is wrong with the file. */
export function loadBaseline(path: string, read: ReadText = fromDisk): Baseline {
  const parsed = BaselineFile.safeParse(readJson(path, read));
  if (!parsed.success) throw mistakeIn(path, `not a baseline: ${z.prettifyError(parsed.error)}`);
  const { digest, roles } = parsed.data;
  const computed = digestOfRoles(roles);
  if (digest !== computed) {
    throw mistakeIn(
      path,
      `its digest says ${digest}, its contents ${computed}: it was changed; build it again`,
    );
  }
  const problem = tooLarge(roles);
  if (problem !== null) throw mistakeIn(path, problem);
  return { digest, roles };
}

function tooLarge(roles: Baseline['roles']): string | null {
  const count = Object.keys(roles).length;
  if (count > ROLES_MAX) return `${count} roles, at most ${ROLES_MAX}`;
  const bytes = Buffer.byteLength(canonical(roles));
  if (bytes <= BASELINE_MAX_BYTES) return null;
  return `${bytes} bytes, at most ${BASELINE_MAX_BYTES} travel inside a policy; build it with a higher --min-tasks or from fewer roles`;
}
