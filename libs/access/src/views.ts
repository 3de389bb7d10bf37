/** What the authority answers, checked by the client: a wrong server behind the address must not pass for a verdict. */
import { z } from 'zod';
import { AccessError } from './errors.js';
import { EFFECTS, LEVELS } from '#activity/types';
import { EvidenceShape } from './authzen.js';

const List = z.array(z.string()).nullable();

export const ScopeShape = z.object({
  tools: List,
  effects: z.array(z.enum(EFFECTS)).nullable(),
  resources: List,
  destinations: List,
  dataClasses: List,
  estimated: z.boolean(),
});

export const TaskShape = z.object({
  task: z.string(),
  tenant: z.string(),
  agent: z.string(),
  assurance: z.enum(['verified', 'asserted']),
  principal: z.string().nullable(),
  intent: z.string(),
  scope: ScopeShape.nullable(),
  startedAt: z.number(),
  expiresAt: z.number(),
  open: z.boolean(),
  risk: z.number(),
  level: z.enum(LEVELS),
  evidence: z.array(EvidenceShape),
  approvalGap: z.number().default(0),
  renewalDue: z.boolean().default(false),
});

/** Throws `AccessError` `unreachable`: whoever answered is not an authority. */
export function checked<T>(
  shape: { safeParse(data: unknown): { success: boolean; data?: T } },
  answer: unknown,
): T {
  const parsed = shape.safeParse(answer);
  if (parsed.success) return parsed.data as T;
  throw new AccessError(
    'unreachable',
    'the answer does not have the shape of an authority’s; check the address',
  );
}
