/** One client message: what it is, whether it may be made, that it is on the log, and what comes back. */
import { LIMITS, type Enforcement, type Revocation, type ToolCall, type ToolResult } from '#activity/types';
import { goesOut } from '#drift';
import {
  classifyCall,
  type Classification,
  type ObservedCall,
  type ObservedResult,
  type SeenCall,
} from '#observation';
import type { RevocableCall } from '#revocation';
import type { GatewayMetrics } from '../metrics.js';
import {
  denial,
  rpcError,
  REFUSED_CODE,
  unknownAnswer,
  type DenialStyle,
  type Refusal,
} from '../mcp/denial.js';
import { CODES, type JsonObject, type ResponseMessage } from '../mcp/message.js';
import { conversationOf, taskOf, type TaskClaim } from './claims.js';
import type { Decider } from './decider.js';
import { CallWatch, type CallEnds, type InFlight, type StopOutcome } from './in-flight.js';
import { ListingWatch } from './listing.js';
import type { ActivePolicy } from './policies.js';
import { withoutArguments } from '../observe/look.js';
import type { Observer } from '../observe/observer.js';
import type { Admission, Exchange, Judge } from './port.js';
import type { Recorder } from './recorder.js';
import { reportedCall, reportedResult } from './reported.js';
import { isListing, subjectOf } from './subject.js';
import type { ToolBook } from './tool-book.js';
import { refusedByLimit, refusedByRevocation, type Allowed, type Refused } from './verdict.js';

export interface JudgeParts {
  policies: ActivePolicy;
  observer: Observer;
  decider: Decider;
  recorder: Recorder;
  inFlight: InFlight;
  tools: ToolBook;
  metrics: GatewayMetrics;
  style: DenialStyle;
  /** Puts a receipt on `enforcements`. */
  receipt: (receipt: Pick<Enforcement, 'revocation' | 'outcome' | 'callId' | 'effect'>) => void;
}

/** A call as proposed, with what is needed to judge its result. */
interface Proposal {
  exchange: Exchange;
  seen: SeenCall;
  call: ToolCall;
  revocable: RevocableCall;
  classification: Classification;
  /** Why it is not even asked about. */
  unfit: Refused | null;
}

const PASS: Admission = { kind: 'pass' };

export class CallJudge implements Judge, CallEnds {
  private readonly parts: JudgeParts;
  private readonly proposals = new WeakMap<CallWatch, Proposal>();

  constructor(parts: JudgeParts) {
    this.parts = parts;
  }

  async admit(exchange: Exchange, text: string): Promise<Admission> {
    const { message } = exchange;
    if (isListing(message)) return { kind: 'watch', watch: new ListingWatch(exchange, this.parts) };
    const seen = subjectOf(exchange, this.parts.tools);
    if (!seen) return PASS;
    const proposal = this.propose(exchange, seen, await this.parts.observer.call(exchange, seen, text));
    const verdict =
      proposal.unfit ?? (await this.parts.decider.decide(proposal.call, proposal.revocable, exchange.agent));
    if (!verdict.allowed) return this.refuse(proposal, verdict);
    const admission = await this.record(proposal, verdict);
    this.parts.metrics.addedMs(verdict.asked, performance.now() - exchange.arrivedMs);
    return admission;
  }

  private propose(exchange: Exchange, seen: SeenCall, observed: ObservedCall): Proposal {
    const { agent, server } = exchange;
    const { recorder, tools, policies } = this.parts;
    const claim = taskOf(exchange);
    const { key: agentKey, ...who } = agent;
    const claims = { task: 'task' in claim ? claim.task : null, conversation: conversationOf(exchange) };
    const base = recorder.reporter.base({ ...who, ...claims }, Date.now());
    const call = reportedCall(base, observed, tools.digestSeen(agentKey, server.name, observed.tool));
    const { tenant, task } = call;
    const { tool, effect, dataClasses } = observed;
    const revocable = {
      tenant,
      agentKey,
      task,
      server: server.name,
      tool,
      effect,
      goesOut: goesOut(call),
      dataClasses,
    };
    const classification = classifyCall(policies.active, withoutArguments(seen));
    if (seen.method === 'tools/call') tools.heardOf(server.name, tool);
    return { exchange, seen, call, revocable, classification, unfit: unfit(exchange, seen, claim) };
  }

  /** Allowed: on the log before it is forwarded, and refused after all if a revocation came meanwhile. */
  private async record(proposal: Proposal, verdict: Allowed): Promise<Admission> {
    const { exchange, revocable } = proposal;
    const { recorder, decider, metrics } = this.parts;
    const call = { ...proposal.call, basis: verdict.basis, policy: verdict.policy, pending: verdict.asked };
    const awaits = exchange.message.kind === 'request';
    if (call.effect === 'read') {
      if (awaits) recorder.withItsResult(call);
      else recorder.later(call);
    } else {
      try {
        await recorder.durable(call, awaits);
      } catch (error) {
        const refused = decider.failed('log', call.effect, error);
        if (refused) return this.refuse(proposal, refused);
      }
    }
    const late = decider.covered(revocable);
    if (late) {
      recorder.ended({ ...this.resultOf(call), outcome: 'withheld' });
      return this.answer(proposal, late);
    }
    metrics.call('allowed', call.basis, call.effect);
    return awaits ? this.watched({ ...proposal, call }) : PASS;
  }

  private watched(proposal: Proposal): Admission {
    const { exchange, call, revocable } = proposal;
    const watch = new CallWatch(call, revocable, this);
    this.proposals.set(watch, proposal);
    this.parts.inFlight.add(watch);
    if (exchange.session && exchange.message.kind === 'request') {
      exchange.session.begin(exchange.message.id, watch);
    }
    return { kind: 'watch', watch };
  }

  private refuse(proposal: Proposal, refused: Refused): Admission {
    const { basis, reason, revocation, policy } = refused;
    // The authority may have put the call into the pending list, also when its answer was lost: it leaves when this is folded.
    const pending = basis === 'assessed' || basis === 'fail-mode';
    const call = {
      ...proposal.call,
      decision: 'refused' as const,
      basis,
      reason,
      revocation,
      policy,
      pending,
    };
    this.parts.recorder.later(call);
    return this.answer(proposal, refused);
  }

  private answer({ exchange, call }: Proposal, refused: Refused): Admission {
    const { message, era } = exchange;
    const refusal = toRefusal(call, refused);
    this.parts.metrics.call('refused', refused.basis, call.effect);
    if (message.kind === 'request') {
      const answer = denial(message.id, message.method, era, this.parts.style, refusal);
      return { kind: 'refuse', status: 200, answer, upstream: null };
    }
    const code = refusal.undecided ? CODES.internal : REFUSED_CODE;
    const id = message.kind === 'response' ? (message.id ?? undefined) : undefined;
    return {
      kind: 'refuse',
      status: 403,
      answer: rpcError(undefined, code, refusal),
      upstream: rpcError(id, code, refusal),
    };
  }

  /** The response to a judged call, before the agent gets it. */
  async result(
    watch: CallWatch,
    response: ResponseMessage,
    text: string,
    bytes: number,
  ): Promise<JsonObject | null> {
    const proposal = this.proposals.get(watch)!;
    const { decider, recorder, observer } = this.parts;
    const { exchange, classification } = proposal;
    let observed: ObservedResult;
    try {
      observed = await observer.result(exchange.share, response, text, {
        classification,
        resultBytes: bytes,
      });
    } catch (error) {
      return this.unseen(watch, bytes, error);
    }
    const result = this.resultOf(watch.call, observed);
    const classes = [...watch.revocable.dataClasses, ...observed.dataClasses];
    let refused = decider.covered({ ...watch.revocable, dataClasses: classes });
    if (!refused && decider.mustPend(result)) {
      result.pending = true;
      refused = await decider.release(result, watch.call.effect);
    }
    // A revocation came meanwhile: the call is answered and reported already.
    if (watch.insteadOfResult) return null;
    if (!refused) {
      recorder.ended(result);
      const { session, message } = proposal.exchange;
      if (message.kind === 'request') session?.release(message.id);
      return null;
    }
    this.parts.metrics.call('withheld', refused.basis, watch.call.effect);
    recorder.ended({ ...result, outcome: 'withheld', values: [], valuesDropped: 0, requests: [] });
    return this.denied(proposal, refused);
  }

  /** Nobody could look at the result: the agent does not get it. */
  private unseen(watch: CallWatch, bytes: number, error: unknown): JsonObject | null {
    if (watch.insteadOfResult) return null;
    const { message } = error as Error;
    const refused = refusedByLimit(
      'unseen',
      `the result is withheld: ${message}`,
      watch.call.effect === 'read',
    );
    this.parts.metrics.call('withheld', refused.basis, watch.call.effect);
    const result = this.resultOf(watch.call);
    this.parts.recorder.ended({ ...result, outcome: 'withheld', resultBytes: bytes });
    return this.denied(this.proposals.get(watch)!, refused);
  }

  lost(watch: CallWatch, outcome: 'unknown' | 'cancelled'): void {
    this.parts.recorder.ended({ ...this.resultOf(watch.call), outcome });
  }

  stopRequested(watch: CallWatch, revocation: Revocation): JsonObject {
    const { call } = watch;
    this.parts.receipt({
      revocation: revocation.id,
      outcome: 'stopRequested',
      callId: call.callId,
      effect: call.effect,
    });
    this.parts.recorder.ended({ ...this.resultOf(call), outcome: 'withheld' });
    this.parts.metrics.call('stopped', 'revocation', call.effect);
    return this.denied(this.proposals.get(watch)!, refusedByRevocation(revocation));
  }

  stopEnded({ call }: CallWatch, revocation: Revocation, outcome: StopOutcome): void {
    this.parts.metrics.stop(outcome);
    this.parts.receipt({ revocation: revocation.id, outcome, callId: call.callId, effect: call.effect });
  }

  gone(watch: CallWatch): void {
    this.parts.inFlight.remove(watch);
    const { session, message } = this.proposals.get(watch)!.exchange;
    if (message.kind !== 'request' || !session) return;
    if (watch.insteadOfResult) session.withhold(message.id, watch.insteadOfResult);
    else if (watch.wasDetached && !watch.wasReleased) session.withhold(message.id, unknownAnswer(message.id));
    if (session.calls.get(String(message.id)) === watch) session.calls.delete(String(message.id));
  }

  private denied({ exchange, call }: Proposal, refused: Refused): JsonObject {
    const { message, era } = exchange;
    if (message.kind !== 'request') throw new Error('only requests have results');
    return denial(message.id, message.method, era, this.parts.style, toRefusal(call, refused));
  }

  /** A result of which only the call is known. */
  private resultOf(call: ToolCall, observed?: ObservedResult): ToolResult {
    const { tenant, agent, assurance, principal, actors, task, conversation } = call;
    const who = { tenant, agent, assurance, principal, actors, task, conversation };
    return reportedResult(this.parts.recorder.reporter.base(who, Date.now()), call, observed);
  }
}

/** What cannot be put on the log as it is cannot be judged. */
function unfit({ session, message }: Exchange, seen: SeenCall, claim: TaskClaim): Refused | null {
  if ('unreadable' in claim) return refusedByLimit('task-unreadable', claim.unreadable, false);
  if (message.kind === 'request' && session?.inUse(message.id))
    return refusedByLimit('id-in-use', 'another call of this session has this request id', true);
  const name = seen.method === 'tools/call' ? String((seen.params as JsonObject).name) : seen.method;
  const maxBytes = seen.method === 'tools/call' ? LIMITS.toolBytes : LIMITS.methodBytes;
  if (Buffer.byteLength(name) <= maxBytes) return null;
  return refusedByLimit('name-too-long', `a name has at most ${maxBytes} bytes`, false);
}

function toRefusal(call: ToolCall, refused: Refused): Refusal {
  const { reason, explanation, retryable, revocation, undecided } = refused;
  return { reason, explanation, retryable, revocation, undecided, call: call.callId };
}
