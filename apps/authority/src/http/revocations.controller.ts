import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { AccessError, GatewayRemovalBody, LiftBody, RevokeBody, type AgentView, type Caller } from '#access';
import type { Revocation } from '#activity/types';
import { AuthorityService } from '../authority.service.js';
import { CallerOf, Roles } from './caller.js';
import { parse } from './parse.js';

@Controller()
export class RevocationsController {
  constructor(private readonly authority: AuthorityService) {}

  @Get('revocations')
  @Roles('person')
  list(): Revocation[] {
    return this.authority.revocations();
  }

  @Post('revocations')
  @Roles('person')
  revoke(@Body() body: unknown, @CallerOf() caller: Caller): Promise<Revocation> {
    return this.authority.revoke(parse(RevokeBody, body), caller);
  }

  @Post('revocations/:id/lift')
  @HttpCode(204)
  @Roles('person')
  async lift(@Param('id') id: string, @Body() body: unknown, @CallerOf() caller: Caller): Promise<void> {
    const { by, reason } = parse(LiftBody, body);
    await this.authority.lift(id, by, reason, caller);
  }

  @Post('gateways/:instance/removal')
  @HttpCode(204)
  @Roles('person')
  async remove(@Param('instance') instance: string, @Body() body: unknown, @CallerOf() caller: Caller) {
    const { gateway, by, reason } = parse(GatewayRemovalBody, body);
    await this.authority.removeGateway(gateway, instance, by, reason, caller);
  }

  /** The key stands in one path segment, percent-encoded. */
  @Get('agents/:key')
  @Roles('person')
  async agent(@Param('key') key: string): Promise<AgentView> {
    const view = await this.authority.agent(key);
    if (view) return view;
    throw new AccessError('not-found', `no agent ${key} is known; its key is tenant|spiffe-id`);
  }
}
