/**
 * Evaluations from enforcement points that only speak AuthZEN. They report nothing, so the authority does it for them:
 * what it allows counts as done and is on the log before the answer.
 */
import { z } from 'zod';
import type { ActivityReporter, Decision, EvaluationRequest } from '#access';
import { agentKey, clipText, LIMITS, type ToolCall } from '#activity/types';
import { observeCall, type FingerprintKeys } from '#observation';
import { requireName } from './agent-keys.js';
import type { Decisions } from './decisions.js';
import { parse } from './http/parse.js';
import type { PendingLists } from './pending.js';
import type { Policies } from './policies.js';

export interface PlainCallsParts {
  decisions: Decisions;
  pending: PendingLists;
  reporter: ActivityReporter;
  policies: Pick<Policies, 'active'>;
  keys: FingerprintKeys;
  tenant: string;
}

/** What a caller may say about the agent. It has a gateway's credential, so its word on `assurance` counts. */
const SubjectProperties = z.object({
  tenant: z.string().min(1).max(LIMITS.tenantBytes).optional(),
  assurance: z.enum(['verified', 'asserted']).default('asserted'),
  principal: z.string().nullable().default(null),
  actors: z.array(z.string()).max(LIMITS.actors).default([]),
});
const Context = z.object({ task: z.string().nullable().default(null) });

export class PlainCalls {
  constructor(private readonly parts: PlainCallsParts) {}

  /** Throws `AccessError` like a decision, and when what was decided cannot be put on the log. */
  async decide(request: EvaluationRequest): Promise<Decision> {
    const call = this.callOf(request);
    const decision = await this.parts.decisions.decide(call);
    const { allowed, basis, reason, revocation, policy } = decision;
    const decided: ToolCall = {
      ...call,
      decision: allowed ? 'allowed' : 'refused',
      basis,
      reason,
      revocation,
      policy,
      pending: allowed,
    };
    try {
      await this.parts.reporter.report(decided);
    } catch (error) {
      if (allowed) await this.parts.pending.remove(agentKey(call), call.id);
      throw error;
    }
    return decision;
  }

  private callOf(request: EvaluationRequest): ToolCall {
    const { reporter, policies, keys, tenant } = this.parts;
    const policy = policies.active;
    const { subject, action } = request;
    const { principal, actors, ...said } = parse(SubjectProperties, subject.properties ?? {});
    const who = requireName({ tenant, ...said, agent: subject.id });
    const { task } = parse(Context, request.context ?? {});
    const seen = observeCall(
      { catalogue: policy.catalogue, fingerprinter: keys.current },
      { method: 'tools/call', trusted: false, ...toolOf(request) },
    );
    const base = reporter.base({ ...who, principal, actors, task }, Date.now());
    return {
      ...base,
      ...seen,
      type: 'ToolCall',
      callId: base.id,
      method: clipText(action.name, LIMITS.methodBytes),
      resource: seen.resource ?? resourceOf(request),
      toolDigest: null,
      decision: 'allowed',
      basis: 'assessed',
      reason: '',
      revocation: null,
      policy: policy.digest,
    };
  }
}

/** `tool` resources are `<server>/<tool>`; of anything else the type is the server and the action the tool. */
function toolOf({ resource, action }: EvaluationRequest): { server: string; params: unknown } {
  const slash = resource.id.indexOf('/');
  const isTool = resource.type === 'tool';
  const server = isTool ? resource.id.slice(0, Math.max(slash, 0)) : resource.type;
  const name = isTool ? resource.id.slice(slash + 1) : action.name;
  const args = isTool
    ? (action.properties?.arguments ?? {})
    : { ...resource.properties, ...action.properties };
  return { server: clipText(server, LIMITS.serverBytes), params: { name, arguments: args } };
}

function resourceOf({ resource }: EvaluationRequest): string | null {
  return resource.type === 'tool' ? null : clipText(resource.id, LIMITS.resourceBytes);
}
