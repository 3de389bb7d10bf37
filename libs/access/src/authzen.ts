/**
 * AuthZEN Authorization API 1.0 as Driftline speaks it (https://openid.net/specs/authorization-api-1_0.html).
 * Unknown fields are ignored both ways, as the specification demands; a missing or mistyped required one is a 400.
 */
import { z } from 'zod';
import { agentKey, LEVELS, RESPONSES, type Assurance, type Evidence, type ToolCall } from '#activity/types';
import type { Decision } from './port.js';

export const EVALUATION_PATH = '/access/v1/evaluation';
export const EVALUATIONS_PATH = '/access/v1/evaluations';
/** Not AuthZEN's: where gateways put results before they release them. */
export const PENDING_PATH = '/activities/pending';
export const METADATA_PATH = '/.well-known/authzen-configuration';

/** Longest id or name taken from an evaluation request, in characters. */
const TEXT_MAX = 2048;
const Text = z.string().min(1).max(TEXT_MAX);
const Properties = z.record(z.string(), z.unknown()).optional();

export const EvaluationRequest = z.object({
  subject: z.object({ type: Text, id: Text, properties: Properties }),
  action: z.object({ name: Text, properties: Properties }),
  resource: z.object({ type: Text, id: Text, properties: Properties }),
  context: z.record(z.string(), z.unknown()).optional(),
});
export type EvaluationRequest = z.infer<typeof EvaluationRequest>;

/** Questions in one request; each is an encoded activity of some KB. */
export const EVALUATIONS_MAX = 64;
const Question = z.record(z.string(), z.unknown());
/** Entities at the top are defaults, taken whole where a question has none of its own. */
export const EvaluationsRequest = z.object({
  subject: z.unknown().optional(),
  action: z.unknown().optional(),
  resource: z.unknown().optional(),
  context: z.unknown().optional(),
  evaluations: z.array(Question).max(EVALUATIONS_MAX).optional(),
  options: z.object({ evaluations_semantic: z.literal('execute_all').optional() }).optional(),
});
export type EvaluationsRequest = z.infer<typeof EvaluationsRequest>;

export function evaluationsOf(request: EvaluationsRequest): unknown[] {
  const { evaluations, options: _, ...defaults } = request;
  return (evaluations ?? []).map((question) => ({ ...defaults, ...question }));
}

export const EvidenceShape = z.object({
  key: z.string(),
  detector: z.string(),
  weight: z.number(),
  time: z.number(),
  halfLifeMs: z.number(),
  task: z.string().nullable(),
  explanation: z.string(),
  cause: z.string(),
  tags: z.object({
    asi: z.array(z.string()),
    atlas: z.array(z.string()),
    maestro: z.array(z.string()),
    nist: z.array(z.string()),
  }),
});

export const EvaluationResponse = z.object({
  decision: z.boolean(),
  context: z.object({
    evaluation_id: z.string(),
    reason: z.string(),
    explanation: z.string(),
    response: z.enum(RESPONSES).nullable(),
    basis: z.enum(['assessed', 'revocation', 'task', 'limit']),
    retryable: z.boolean(),
    revocation: z.string().nullable(),
    risk: z.number(),
    level: z.enum(LEVELS),
    evidence: z.array(EvidenceShape),
    approvalGap: z.number().default(0),
    renewalDue: z.boolean().default(false),
    policy: z.string(),
  }),
});
export type EvaluationResponse = z.infer<typeof EvaluationResponse>;

/** An answer of many; where none could be given, why. */
export const EvaluationsResponse = z.object({
  evaluations: z.array(
    z.union([
      EvaluationResponse,
      z.object({
        decision: z.literal(false),
        context: z.object({
          error: z.object({ status: z.number(), message: z.string(), code: z.string().optional() }),
        }),
      }),
    ]),
  ),
});
export type EvaluationsResponse = z.infer<typeof EvaluationsResponse>;

/** The AuthZEN request for a gateway's call: readable by any PDP, complete through `context.activity`. */
export function evaluationRequest(call: ToolCall, encoded: Uint8Array): EvaluationRequest {
  const { tenant, assurance, principal, actors } = call;
  return {
    subject: { type: 'agent', id: call.agent, properties: { tenant, assurance, principal, actors } },
    action: { name: call.method },
    resource: { type: 'tool', id: `${call.server}/${call.tool}`, properties: { effect: call.effect } },
    context: { activity: Buffer.from(encoded).toString('base64') },
  };
}

/** Whether readable part and activity of a request name the same agent; anything else is an `invalid` request. */
export function sameSubject(request: EvaluationRequest, call: ToolCall): boolean {
  const properties = request.subject.properties ?? {};
  const claimed = {
    tenant: typeof properties.tenant === 'string' ? properties.tenant : call.tenant,
    agent: request.subject.id,
    assurance: (properties.assurance ?? call.assurance) as Assurance,
  };
  return agentKey(claimed) === agentKey(call) && request.action.name === call.method;
}

export function evaluationResponse(decision: Decision): EvaluationResponse {
  return {
    decision: decision.allowed,
    context: {
      evaluation_id: decision.id,
      reason: decision.reason,
      explanation: decision.explanation,
      response: decision.response,
      basis: decision.basis,
      retryable: decision.retryable,
      revocation: decision.revocation,
      risk: decision.risk,
      level: decision.level,
      evidence: decision.evidence,
      approvalGap: decision.approvalGap,
      renewalDue: decision.renewalDue,
      policy: decision.policy,
    },
  };
}

export function decisionOf(response: EvaluationResponse): Decision {
  const { evaluation_id, evidence, ...rest } = response.context;
  return { ...rest, id: evaluation_id, allowed: response.decision, evidence: evidence as Evidence[] };
}
