import { Body, Controller, Get, HttpCode, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import {
  AccessError,
  EVALUATION_PATH,
  EvaluationRequest,
  evaluationResponse,
  METADATA_PATH,
  sameSubject,
  type EvaluationResponse,
} from '#access';
import { decodeActivity } from '#activity';
import { Decisions } from '../decisions.js';
import { PlainCalls } from '../plain-calls.js';
import { Roles } from './caller.js';
import { bytesOf, parse } from './parse.js';

/** AuthZEN 1.0: Access Evaluation and the discovery document. */
@Controller()
export class EvaluationController {
  constructor(
    private readonly decisions: Decisions,
    private readonly plain: PlainCalls,
  ) {}

  @Post(EVALUATION_PATH)
  @HttpCode(200)
  @Roles('gateway')
  async evaluate(@Body() body: unknown): Promise<EvaluationResponse> {
    const request = parse(EvaluationRequest, body);
    const encoded = request.context?.activity;
    if (encoded === undefined) return evaluationResponse(await this.plain.decide(request));
    const call = decodeActivity(bytesOf(encoded, 'context.activity'));
    if (call.type !== 'ToolCall') {
      throw new AccessError('invalid', `context.activity: expected a ToolCall, got ${call.type}`);
    }
    if (!sameSubject(request, call)) {
      throw new AccessError('invalid', 'subject and action say something else than context.activity');
    }
    return evaluationResponse(await this.decisions.decide(call));
  }

  @Get(METADATA_PATH)
  metadata(@Req() request: Request): Record<string, unknown> {
    const base = `${request.protocol}://${request.get('host') ?? 'localhost'}`;
    return {
      policy_decision_point: base,
      access_evaluation_endpoint: base + EVALUATION_PATH,
      capabilities: [],
    };
  }
}
