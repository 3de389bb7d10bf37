/**
 * Questions to the authority, together where they would wait anyway: a few requests are in flight, and what comes
 * meanwhile goes with the next one that is free (AuthZEN Access Evaluations). Alone, a question never waits.
 */
import {
  decisionOf,
  EVALUATION_PATH,
  EvaluationResponse,
  EVALUATIONS_MAX,
  EVALUATIONS_PATH,
  EvaluationsResponse,
  type EvaluationRequest,
} from './authzen.js';
import { AccessError, isAccessCode } from './errors.js';
import type { HttpClient } from './http-client.js';
import type { Decision } from './port.js';
import { checked } from './views.js';

/** Requests in flight: enough to keep an authority busy, few enough that questions meet. */
const REQUESTS_MAX = 4;
/** Questions that wait for a request at most: seconds of work. */
const WAITING_MAX = 4_096;
/** Of one agent in one request: an agent that floods makes its own calls wait, not everybody's. */
const PER_AGENT_MAX = 4;
/** Encoded activities of one request: as base64 and with what else a question says, below the authority's limit of 512 KiB. */
const REQUEST_MAX_BYTES = 256 * 1024;

interface Waiting {
  agent: string;
  question: EvaluationRequest;
  sizeBytes: number;
  endsAtMs: number;
  resolve: (decision: Decision) => void;
  reject: (error: unknown) => void;
}

export class Questions {
  private requests = 0;
  private waiting: Waiting[] = [];

  constructor(
    private readonly http: HttpClient,
    private readonly deadlineMs: number,
  ) {}

  /** `agent` = its key; `sizeBytes` of the encoded activity. Throws `AccessError`. */
  async ask(agent: string, question: EvaluationRequest, sizeBytes: number): Promise<Decision> {
    if (this.requests < REQUESTS_MAX) return this.alone(question);
    if (this.waiting.length >= WAITING_MAX) {
      throw new AccessError('limit', `${this.waiting.length} questions to the authority are already waiting`);
    }
    return new Promise<Decision>((resolve, reject) => {
      const endsAtMs = performance.now() + this.deadlineMs;
      const one: Waiting = { agent, question, sizeBytes, endsAtMs, resolve, reject };
      const timer = setTimeout(() => this.tooLate(one), this.deadlineMs);
      one.resolve = (decision) => (clearTimeout(timer), resolve(decision));
      one.reject = (error) => (clearTimeout(timer), reject(error as Error));
      this.waiting.push(one);
    });
  }

  private async alone(question: EvaluationRequest): Promise<Decision> {
    return this.request(async () => {
      const answer = await this.send(EVALUATION_PATH, question, this.deadlineMs);
      return decisionOf(checked(EvaluationResponse, answer));
    });
  }

  private async request<T>(work: () => Promise<T>): Promise<T> {
    this.requests += 1;
    try {
      return await work();
    } finally {
      this.requests -= 1;
      this.next();
    }
  }

  private next(): void {
    const batch = this.takeBatch();
    if (batch.length === 0) return;
    this.request(() => this.together(batch)).catch((error: unknown) => {
      for (const one of batch) one.reject(error);
    });
  }

  private async together(batch: Waiting[]): Promise<void> {
    const leftMs = Math.max(...batch.map(({ endsAtMs }) => endsAtMs)) - performance.now();
    const body = { evaluations: batch.map(({ question }) => question) };
    const answer = await this.send(EVALUATIONS_PATH, body, Math.max(1, leftMs));
    const { evaluations } = checked(EvaluationsResponse, answer);
    if (evaluations.length !== batch.length) {
      const text = `expected ${batch.length} answers from the authority, got ${evaluations.length}`;
      throw new AccessError('unreachable', text);
    }
    batch.forEach((one, at) => {
      const given = evaluations[at]!;
      if ('error' in given.context) one.reject(errorOf(given.context.error));
      else one.resolve(decisionOf(given as EvaluationResponse));
    });
  }

  /** In the order they came, as many as fit; what is too much of one agent waits for the next request. */
  private takeBatch(): Waiting[] {
    const batch: Waiting[] = [];
    const left: Waiting[] = [];
    const perAgent = new Map<string, number>();
    let sizeBytes = 0;
    for (const one of this.waiting) {
      const before = perAgent.get(one.agent) ?? 0;
      const fits = batch.length === 0 || sizeBytes + one.sizeBytes <= REQUEST_MAX_BYTES;
      if (batch.length < EVALUATIONS_MAX && before < PER_AGENT_MAX && fits) {
        batch.push(one);
        perAgent.set(one.agent, before + 1);
        sizeBytes += one.sizeBytes;
      } else left.push(one);
    }
    this.waiting = left;
    return batch;
  }

  private send(path: string, body: unknown, deadlineMs: number): Promise<unknown> {
    return this.http.send({ method: 'POST', path, body, deadlineMs, idempotent: true });
  }

  private tooLate(one: Waiting): void {
    this.waiting = this.waiting.filter((other) => other !== one);
    one.reject(new AccessError('unreachable', `no answer of the authority within ${this.deadlineMs} ms`));
  }
}

function errorOf({ code, message }: { code?: string | undefined; message: string }): AccessError {
  return new AccessError(code !== undefined && isAccessCode(code) ? code : 'unreachable', message);
}
