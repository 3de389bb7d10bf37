import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  AccessError,
  ContextCheckBody,
  TaskBody,
  TaskEndQuery,
  TaskQuery,
  type Caller,
  type TaskView,
} from '#access';
import { AuthorityService } from '../authority.service.js';
import { CallerOf, Roles } from './caller.js';
import { parse } from './parse.js';

@Controller()
export class TasksController {
  constructor(private readonly authority: AuthorityService) {}

  @Post('tasks')
  @Roles('orchestrator')
  start(@Body() body: unknown, @CallerOf() caller: Caller): Promise<TaskView> {
    return this.authority.startTask(parse(TaskBody, body), caller);
  }

  @Get('tasks/:task')
  @Roles('gateway', 'orchestrator', 'person')
  async get(@Param('task') task: string, @Query() query: unknown): Promise<TaskView> {
    const view = await this.authority.task(task, parse(TaskQuery, query).agent);
    if (view) return view;
    throw new AccessError('not-found', `no task ${task} is known`);
  }

  @Delete('tasks/:task')
  @HttpCode(204)
  @Roles('orchestrator')
  async end(@Param('task') task: string, @Query() query: unknown, @CallerOf() caller: Caller): Promise<void> {
    const { outcome, by } = parse(TaskEndQuery, query);
    await this.authority.endTask(task, outcome, by ?? caller.name, caller);
  }

  @Post('tasks/:task/context-checks')
  @HttpCode(200)
  @Roles('person')
  check(
    @Param('task') task: string,
    @Query() query: unknown,
    @Body() body: unknown,
    @CallerOf() caller: Caller,
  ): Promise<TaskView> {
    const { agent } = parse(TaskQuery, query);
    return this.authority.contextCheck(task, parse(ContextCheckBody, body), caller, agent);
  }
}
