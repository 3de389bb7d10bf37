import { Controller, Get, Req } from '@nestjs/common';
import type { Request } from 'express';
import { EVALUATION_PATH, EVALUATIONS_PATH, METADATA_PATH } from '#access';

/** AuthZEN 1.0: the discovery document. */
@Controller()
export class DiscoveryController {
  @Get(METADATA_PATH)
  metadata(@Req() request: Request): Record<string, unknown> {
    const base = `${request.protocol}://${request.get('host') ?? 'localhost'}`;
    return {
      policy_decision_point: base,
      access_evaluation_endpoint: base + EVALUATION_PATH,
      access_evaluations_endpoint: base + EVALUATIONS_PATH,
      capabilities: [],
    };
  }
}
