/** `Authority` over HTTP: what a gateway or an orchestrator in another process uses. */
import { encodeActivity } from '#activity';
import { agentKey, type ToolCall, type ToolResult } from '#activity/types';
import { evaluationRequest, PENDING_PATH } from './authzen.js';
import { AccessError } from './errors.js';
import { HttpClient, type HttpClientOptions } from './http-client.js';
import type { Authority, ContextCheckRequest, Decision, TaskRequest, TaskView } from './port.js';
import { Questions } from './questions.js';
import { checked, TaskShape } from './views.js';

export interface HttpAuthorityOptions extends HttpClientOptions {
  /** For a decision, a pending result and a look at a task. Default 1,000. */
  decisionDeadlineMs?: number;
  /** For what waits for the log: starting and ending tasks, context checks. Default 10,000. */
  taskDeadlineMs?: number;
}

export class HttpAuthority implements Authority {
  private readonly http: HttpClient;
  private readonly questions: Questions;
  private readonly decisionDeadlineMs: number;
  private readonly taskDeadlineMs: number;

  constructor(options: HttpAuthorityOptions) {
    this.http = new HttpClient(options);
    this.decisionDeadlineMs = options.decisionDeadlineMs ?? 1_000;
    this.questions = new Questions(this.http, this.decisionDeadlineMs);
    this.taskDeadlineMs = options.taskDeadlineMs ?? 10_000;
  }

  /** Sent again when the connection broke: the authority knows the activity by its id and appends it once. */
  async decide(call: ToolCall): Promise<Decision> {
    const encoded = encodeActivity(call);
    return this.questions.ask(agentKey(call), evaluationRequest(call, encoded), encoded.length);
  }

  async pend(result: ToolResult): Promise<void> {
    await this.http.send({
      method: 'POST',
      path: PENDING_PATH,
      body: { activity: encodeActivity(result).toString('base64') },
      deadlineMs: this.decisionDeadlineMs,
      idempotent: true,
    });
  }

  async task(task: string, agent?: string): Promise<TaskView | null> {
    try {
      const answer = await this.http.send({
        method: 'GET',
        path: taskPath(task, '', agent),
        deadlineMs: this.decisionDeadlineMs,
        idempotent: true,
      });
      return checked(TaskShape, answer);
    } catch (error) {
      if (error instanceof AccessError && error.code === 'not-found') return null;
      throw error;
    }
  }

  /** Not sent again by itself: a lost answer may have opened the task, which then expires unused. */
  async startTask(request: TaskRequest): Promise<TaskView> {
    return checked(TaskShape, await this.act('POST', '/tasks', false, request));
  }

  async endTask(task: string, outcome: 'completed' | 'cancelled', by: string): Promise<void> {
    const query = new URLSearchParams({ outcome, by });
    await this.act('DELETE', `/tasks/${encodeURIComponent(task)}?${query}`, true);
  }

  async contextCheck(task: string, request: ContextCheckRequest, agent?: string): Promise<TaskView> {
    const path = taskPath(task, '/context-checks', agent);
    return checked(TaskShape, await this.act('POST', path, false, request));
  }

  async close(): Promise<void> {
    await this.http.close();
  }

  private act(
    method: 'POST' | 'DELETE',
    path: string,
    idempotent: boolean,
    body?: unknown,
  ): Promise<unknown> {
    return this.http.send({ method, path, body, deadlineMs: this.taskDeadlineMs, idempotent });
  }
}

function taskPath(task: string, of: string, agent: string | undefined): string {
  const query = agent === undefined ? '' : `?${new URLSearchParams({ agent })}`;
  return `/tasks/${encodeURIComponent(task)}${of}${query}`;
}
