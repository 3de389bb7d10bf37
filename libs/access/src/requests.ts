/** What orchestrators and people send, validated. Limits keep one request from filling an agent's state or the log. */
import { z } from 'zod';
import { EFFECTS, RESPONSES } from '#activity/types';

/** The intent is the one text on the log (design §7). */
export const INTENT_MAX_BYTES = 4096;
/** Entries per list of a scope: more than any approved piece of work names. */
export const SCOPE_ENTRIES_MAX = 256;
/** Keys of shown evidence per check: live evidence of a task is bounded below that. */
export const SHOWN_MAX = 256;
/** Names stand together with the name of the credential in an audit record of 256 bytes. */
const NAME_MAX_BYTES = 128;
const REASON_MAX_BYTES = 2048;
const AGENT_MAX_BYTES = 2048;

/** Text of 1 to `max` bytes of UTF-8, as the schemas of the log count. */
const text = (max: number) =>
  z
    .string()
    .min(1)
    .refine((value) => Buffer.byteLength(value) <= max, `at most ${max} bytes`);
const Name = text(NAME_MAX_BYTES);
const Reason = text(REASON_MAX_BYTES);
const Tenant = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[^|]+$/, 'a tenant has no "|"');
const entries = (bytes: number) => z.array(text(bytes)).max(SCOPE_ENTRIES_MAX).nullable().default(null);
const Effects = z.array(z.enum(EFFECTS)).max(EFFECTS.length).nullable().default(null);

/** `destinations`: plain addresses, which the authority turns into fingerprints, or fingerprints (16 hex digits). */
export const ScopeBody = z.strictObject({
  tools: entries(256),
  effects: Effects,
  resources: entries(512),
  destinations: entries(512),
  dataClasses: entries(64),
  /** Guessed, not approved: what is outside counts as a sign, not as a breach. */
  estimated: z.boolean().default(false),
});

export const TaskBody = z.strictObject({
  tenant: Tenant.optional(),
  agent: text(AGENT_MAX_BYTES),
  assurance: z.enum(['verified', 'asserted']).optional(),
  principal: text(2048).nullable().default(null),
  intent: text(INTENT_MAX_BYTES).or(z.literal('')),
  scope: ScopeBody.nullable().default(null),
  ttlMs: z.int().min(1),
  parentTask: text(128).nullable().optional(),
  kind: text(64).nullable().optional(),
});

export const TaskEndQuery = z.object({
  outcome: z.enum(['completed', 'cancelled']).default('completed'),
  by: Name.optional(),
});

/** Undeclared work is found by the key of its agent; a declared task by its id alone. */
export const TaskQuery = z.object({ agent: text(AGENT_MAX_BYTES).optional() });

export const ContextCheckBody = z.strictObject({
  outcome: z.enum(['passed', 'failed']),
  by: Name,
  reason: Reason,
  evidence: z.array(text(512)).max(SHOWN_MAX),
});

export const PendBody = z.object({ activity: z.base64() });

/** A person's revocation. Who it is for: `agent`, `task`, `tools`/`server`, or several of them together. */
export const RevokeBody = z
  .strictObject({
    tenant: Tenant.optional(),
    agent: text(AGENT_MAX_BYTES).nullable().default(null),
    assurance: z.enum(['verified', 'asserted']).default('verified'),
    task: text(128).nullable().default(null),
    server: text(128).nullable().default(null),
    tools: entries(256),
    effects: Effects,
    dataClasses: entries(64),
    response: z.enum(RESPONSES).optional(),
    untilMs: z.int().positive().nullable().default(null),
    by: Name,
    reason: Reason,
    retryable: z.boolean().default(false),
  })
  .refine(
    (body) => body.agent !== null || body.task !== null || body.server !== null || body.tools !== null,
    {
      message: 'names nobody: give an agent, a task, a server or tools',
    },
  )
  .refine((body) => body.response !== 'observe' && body.response !== 'alert', {
    message: 'a revocation takes something away: use context-check, restrict, revoke-task or revoke-agent',
  });

export const LiftBody = z.strictObject({ by: Name, reason: Reason });

export const GatewayRemovalBody = z.strictObject({ gateway: text(128), by: Name, reason: Reason });

/** Files that a policy may consist of, and how long their names are: the policy itself and a few that it names. */
const POLICY_FILES_MAX = 8;
const POLICY_PATH_MAX = 256;

/** A policy to activate, as files, so that it is validated again where it is activated. */
export const PolicyBody = z.strictObject({
  main: text(POLICY_PATH_MAX),
  files: z
    .record(text(POLICY_PATH_MAX), z.string())
    .refine((files) => Object.keys(files).length <= POLICY_FILES_MAX, `at most ${POLICY_FILES_MAX} files`),
  /** Digest that the person's own software came to: another one means another version, and is refused. */
  digest: text(128),
  by: Name,
  reason: Reason,
});

/** A verdict ends, as everything does; what holds longer is for the policy to say. */
export const VERDICT_MAX_MS = 90 * 24 * 3_600_000;

export const VerdictBody = z.strictObject({
  verdict: z.enum(['confirmed', 'false-positive']),
  scope: z.enum(['task', 'agent']),
  untilMs: z.int().positive(),
  by: Name,
  reason: Reason,
});
