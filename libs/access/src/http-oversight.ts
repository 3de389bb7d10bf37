/** `Oversight` over HTTP: what the command line and a console use. */
import type { Alert, Revocation } from '#activity/types';
import { AccessError } from './errors.js';
import { EventLines } from './event-lines.js';
import { HttpClient, type HttpClientOptions } from './http-client.js';
import type {
  AgentView,
  Oversight,
  PolicyRequest,
  PolicyView,
  RevokeRequest,
  VerdictRequest,
  VerdictView,
} from './port.js';

/** A person waits; the log may need a moment. */
const DEADLINE_MS = 10_000;

export class HttpOversight implements Oversight {
  private readonly http: HttpClient;

  constructor(options: HttpClientOptions) {
    this.http = new HttpClient({ connections: 4, ...options });
  }

  async revocations(): Promise<Revocation[]> {
    return (await this.get('/revocations')) as Revocation[];
  }

  /** Not sent again by itself: a lost answer may have revoked already, which `revocations` shows. */
  async revoke(request: RevokeRequest): Promise<Revocation> {
    return (await this.post('/revocations', request, false)) as Revocation;
  }

  async lift(revocation: string, by: string, reason: string): Promise<void> {
    await this.post(`/revocations/${encodeURIComponent(revocation)}/lift`, { by, reason }, true);
  }

  async removeGateway(gateway: string, instance: string, by: string, reason: string): Promise<void> {
    await this.post(`/gateways/${encodeURIComponent(instance)}/removal`, { gateway, by, reason }, true);
  }

  async alerts(): Promise<Alert[]> {
    return (await this.get('/alerts')) as Alert[];
  }

  async followAlerts(
    onAlert: (alert: Alert) => void,
    onEnd: (error?: Error) => void = () => undefined,
  ): Promise<() => void> {
    const events = new EventLines((data) => onAlert(JSON.parse(data) as Alert));
    return this.http.stream('/alerts?follow=true', (text) => events.take(text), onEnd);
  }

  async agent(key: string): Promise<AgentView | null> {
    try {
      return (await this.get(`/agents/${encodeURIComponent(key)}`)) as AgentView;
    } catch (error) {
      if (error instanceof AccessError && error.code === 'not-found') return null;
      throw error;
    }
  }

  /** Not sent again by itself: a lost answer may have been a verdict already, which only repeats itself. */
  async verdict(alert: string, request: VerdictRequest): Promise<VerdictView> {
    return (await this.post(`/alerts/${encodeURIComponent(alert)}/verdict`, request, false)) as VerdictView;
  }

  async policy(): Promise<PolicyView> {
    return (await this.get('/policy')) as PolicyView;
  }

  /** Sent again when the connection broke: what is active already is not activated twice. */
  async activatePolicy(request: PolicyRequest): Promise<PolicyView> {
    return (await this.post('/policy', request, true)) as PolicyView;
  }

  async close(): Promise<void> {
    await this.http.close();
  }

  private get(path: string): Promise<unknown> {
    return this.http.send({ method: 'GET', path, deadlineMs: DEADLINE_MS, idempotent: true });
  }

  private post(path: string, body: unknown, idempotent: boolean): Promise<unknown> {
    return this.http.send({ method: 'POST', path, body, deadlineMs: DEADLINE_MS, idempotent });
  }
}
