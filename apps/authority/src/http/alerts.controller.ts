import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { VerdictBody, type Caller, type VerdictView } from '#access';
import type { Alert } from '#activity/types';
import { Alerts } from '../alerts.js';
import { AuthorityService } from '../authority.service.js';
import { CallerOf, Roles } from './caller.js';
import { parse } from './parse.js';

/** A follower this far behind is dropped: it can come back and read the recent ones. */
const BEHIND_MAX_BYTES = 4 * 1024 * 1024;
/** Tells both ends that the other is still there. */
const KEEP_ALIVE_MS = 15_000;

@Controller()
export class AlertsController {
  constructor(
    private readonly alerts: Alerts,
    private readonly authority: AuthorityService,
  ) {}

  /** The recent ones as JSON; with `?follow=true` the same as Server-Sent Events, and then each new one. */
  @Get('alerts')
  @Roles('person')
  get(@Query('follow') follow: string | undefined, @Req() request: Request, @Res() response: Response): void {
    if (follow === undefined || follow === 'false') response.json(this.alerts.recent());
    else this.stream(request, response);
  }

  @Post('alerts/:id/verdict')
  @HttpCode(200)
  @Roles('person')
  verdict(@Param('id') id: string, @Body() body: unknown, @CallerOf() caller: Caller): Promise<VerdictView> {
    return this.authority.verdict(id, parse(VerdictBody, body), caller);
  }

  private stream(request: Request, response: Response): void {
    const send = (alert: Alert): void => {
      response.write(`id: ${alert.id}\nevent: alert\ndata: ${JSON.stringify(alert)}\n\n`);
      if (response.writableLength <= BEHIND_MAX_BYTES) return;
      this.alerts.dropped();
      response.destroy();
    };
    const stop = this.alerts.follow(send);
    const timer = setInterval(() => response.write(': still here\n\n'), KEEP_ALIVE_MS);
    response.once('close', () => {
      clearInterval(timer);
      stop();
    });
    request.socket.setNoDelay(true);
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': following\n\n');
    for (const alert of this.alerts.recent()) send(alert);
  }
}
