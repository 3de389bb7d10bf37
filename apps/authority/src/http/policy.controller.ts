import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { PolicyBody, type Caller, type PolicyView } from '#access';
import { AuthorityService } from '../authority.service.js';
import { CallerOf, Roles } from './caller.js';
import { parse } from './parse.js';

@Controller()
export class PolicyController {
  constructor(private readonly authority: AuthorityService) {}

  @Get('policy')
  @Roles('person')
  active(): PolicyView {
    return this.authority.policy();
  }

  @Post('policy')
  @HttpCode(200)
  @Roles('person')
  activate(@Body() body: unknown, @CallerOf() caller: Caller): Promise<PolicyView> {
    return this.authority.activatePolicy(parse(PolicyBody, body), caller);
  }
}
