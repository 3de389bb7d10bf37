/** AuthZEN 1.0 Access Evaluation, one question or many, and what gateways put on pending lists: bodies in, bodies out. */
import {
  ACCESS_STATUS,
  AccessError,
  EVALUATIONS_PATH,
  EvaluationRequest,
  EvaluationsRequest,
  evaluationResponse,
  evaluationsOf,
  PendBody,
  sameSubject,
  type EvaluationResponse,
  type EvaluationsResponse,
} from '#access';
import { decodeActivity } from '#activity';
import type { AuthorityService } from '../authority.service.js';
import type { Decisions } from '../decisions.js';
import type { PlainCalls } from '../plain-calls.js';
import { INTERNAL_ERROR, noted, type ErrorParts } from './errors.js';
import { bytesOf, parse } from './parse.js';

export interface EvaluationParts extends ErrorParts {
  decisions: Decisions;
  plainCalls: PlainCalls;
  authority: AuthorityService;
}

export class Evaluations {
  constructor(private readonly parts: EvaluationParts) {}

  /** Throws `AccessError` and what decoding throws. */
  async one(body: unknown): Promise<EvaluationResponse> {
    return this.decide(parse(EvaluationRequest, body));
  }

  /**
   * All are decided, whatever the others' answers; one that cannot be is `false` with `context.error`. Without
   * `evaluations` it is a single question. Throws `AccessError` when the body as a whole is not what it should be.
   */
  async many(body: unknown): Promise<EvaluationsResponse | EvaluationResponse> {
    const request = parse(EvaluationsRequest, body);
    if (!request.evaluations?.length) return this.one(body);
    const answers = evaluationsOf(request).map((question) => this.answered(question));
    return { evaluations: await Promise.all(answers) };
  }

  /** A result that its gateway is about to release. Throws like `one`. */
  async pend(body: unknown): Promise<void> {
    const result = decodeActivity(bytesOf(parse(PendBody, body).activity, 'activity'));
    if (result.type !== 'ToolResult') {
      throw new AccessError('invalid', `activity: expected a ToolResult, got ${result.type}`);
    }
    await this.parts.authority.pend(result);
  }

  /** One that fails, in whatever way, fails alone: questions of other agents came with it. */
  private async answered(question: unknown): Promise<EvaluationsResponse['evaluations'][number]> {
    try {
      return await this.one(question);
    } catch (error) {
      const known = noted(this.parts, { method: 'POST', url: EVALUATIONS_PATH }, error);
      if (known === null)
        return { decision: false, context: { error: { status: 500, message: INTERNAL_ERROR } } };
      const { code, message } = known;
      return { decision: false, context: { error: { status: ACCESS_STATUS[code], message, code } } };
    }
  }

  private async decide(request: EvaluationRequest): Promise<EvaluationResponse> {
    const { decisions, plainCalls } = this.parts;
    const encoded = request.context?.activity;
    if (encoded === undefined) return evaluationResponse(await plainCalls.decide(request));
    const call = decodeActivity(bytesOf(encoded, 'context.activity'));
    if (call.type !== 'ToolCall') {
      throw new AccessError('invalid', `context.activity: expected a ToolCall, got ${call.type}`);
    }
    if (!sameSubject(request, call)) {
      throw new AccessError('invalid', 'subject and action say something else than context.activity');
    }
    return evaluationResponse(await decisions.decide(call));
  }
}
