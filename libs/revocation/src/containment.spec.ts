import { describe, expect, it } from 'vitest';
import type { Effect, GatewayReport, Revocation } from '#activity/types';
import { Containment } from './containment.js';
import { LEASE_MARGIN_MS } from './containment-types.js';

const LEASE_MS = 5_000;
const OUT_MS = LEASE_MS + LEASE_MARGIN_MS + 1;

function revocation(id: string, more: Partial<Revocation> = {}): Revocation {
  return {
    id,
    tenant: 'acme',
    agent: 'acme|spiffe://acme/agent',
    task: null,
    server: null,
    effects: ['read', 'write'],
    tools: null,
    dataClasses: null,
    response: 'restrict',
    issuedAt: 1_000,
    until: 1_000_000,
    reason: 'drift',
    retryable: true,
    evidence: [],
    risk: 80,
    policy: 'p',
    by: 'policy',
    cause: 'a-1',
    ...more,
  };
}

const registered = (instance: string, closes: Effect[] = ['write']): GatewayReport => ({
  type: 'GatewayRegistered',
  gateway: `gw-${instance}`,
  instance,
  at: 0,
  leaseMs: LEASE_MS,
  failMode: [
    { effect: 'read', closed: closes.includes('read') },
    { effect: 'write', closed: closes.includes('write') },
  ],
});
const heartbeat = (instance: string, position: number): GatewayReport => ({
  type: 'GatewayHeartbeat',
  gateway: `gw-${instance}`,
  instance,
  at: 0,
  position,
});
const receipt = (instance: string, id: string): GatewayReport => ({
  type: 'Enforcement',
  gateway: `gw-${instance}`,
  instance,
  at: 0,
  revocation: id,
  outcome: 'applied',
  callId: null,
  effect: null,
});
const left = (instance: string, by: string): GatewayReport => ({
  type: 'GatewayLeft',
  gateway: `gw-${instance}`,
  instance,
  at: 0,
  by,
});

function twoGateways(): Containment {
  const containment = new Containment();
  containment.reported(registered('a'), 100);
  containment.reported(registered('b'), 100);
  return containment;
}

describe('containment', () => {
  it('needs every registered gateway: the last receipt is the time', () => {
    const containment = twoGateways();
    containment.revoked(revocation('r'), 7, 1_000, 1_000);
    containment.reported(receipt('a', 'r'), 1_010);
    expect(containment.settle(1_010)).toEqual([]);
    expect(containment.get('r', 1_010)?.effects[0]?.missing).toEqual(['b']);
    containment.reported(receipt('b', 'r'), 1_020);
    expect(containment.settle(1_020)).toEqual([
      { type: 'contained', revocation: 'r', atMs: 1_020, afterMs: 20 },
    ]);
    expect(containment.get('r', 1_020)).toMatchObject({ contained: true });
  });

  it('takes a position past the revocation for a receipt, and one before it not', () => {
    const containment = twoGateways();
    containment.revoked(revocation('r'), 7, 1_000, 1_000);
    containment.reported(heartbeat('a', 8), 1_500);
    containment.reported(heartbeat('b', 7), 1_500);
    containment.settle(1_500);
    expect(containment.get('r', 1_500)?.effects[1]).toMatchObject({ containedAtMs: null, missing: ['b'] });
    containment.reported(heartbeat('b', 8), 2_500);
    expect(containment.settle(2_500)).toHaveLength(1);
  });

  it('counts a receipt that was read before its revocation', () => {
    const containment = twoGateways();
    containment.reported(receipt('a', 'r'), 1_005);
    containment.reported(receipt('b', 'r'), 1_006);
    containment.revoked(revocation('r'), 7, 1_000, 1_010);
    expect(containment.settle(1_010)).toEqual([
      { type: 'contained', revocation: 'r', atMs: 1_006, afterMs: 6 },
    ]);
  });

  it('lets a lease that ran out count only for the effects its fail mode closes, and raises both alarms', () => {
    const containment = twoGateways();
    containment.revoked(revocation('r'), 7, 1_000, 1_000);
    containment.reported(receipt('a', 'r'), 1_010);
    containment.reported(heartbeat('a', 8), 1_000 + OUT_MS);
    const events = containment.settle(1_000 + OUT_MS);
    expect(events).toContainEqual(expect.objectContaining({ type: 'silent', instance: 'b', heardAtMs: 100 }));
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'not-contained', effects: ['read'], missing: ['b'] }),
    );
    const [read, write] = containment.get('r', 1_000 + OUT_MS)!.effects;
    expect(read).toMatchObject({ containedAtMs: null, missing: ['b'] });
    expect(write).toMatchObject({ containedAtMs: 100 + LEASE_MS + LEASE_MARGIN_MS, byLease: ['b'] });
    expect(containment.settle(1_001 + OUT_MS)).toEqual([]);
  });

  it('opens again when a gateway that counted by its lease comes back behind the revocation', () => {
    const containment = twoGateways();
    containment.revoked(revocation('r', { effects: ['write'] }), 7, 1_000, 1_000);
    containment.reported(heartbeat('a', 8), 9_000);
    expect(containment.settle(9_000).map((event) => event.type)).toEqual(['silent', 'contained']);
    containment.reported(heartbeat('b', 7), 9_500);
    expect(containment.get('r', 9_500)?.contained).toBe(false);
    containment.reported(heartbeat('b', 8), 9_600);
    expect(containment.settle(9_600)).toHaveLength(1);
  });

  it('keeps a silent gateway in the set until a goodbye or a named person', () => {
    const containment = twoGateways();
    containment.reported(heartbeat('a', 8), 60_000);
    containment.revoked(revocation('r', { effects: ['read'] }), 7, 60_000, 60_000);
    containment.settle(60_000);
    expect(containment.counts()).toMatchObject({ gateways: 2, silent: 1, open: 1 });
    containment.reported(left('b', 'alice'), 61_000);
    expect(containment.settle(61_000)).toEqual([
      expect.objectContaining({ type: 'contained', revocation: 'r' }),
    ]);
    containment.reported(heartbeat('b', 1), 62_000);
    expect(containment.gatewayList().find(({ instance }) => instance === 'b')).toMatchObject({
      registered: false,
      closes: [],
    });
  });

  it('says what may have taken effect, unless it was a read', () => {
    const containment = twoGateways();
    const stop = (callId: string, effect: Effect | null, outcome: 'completed' | 'stopped' | 'unknown') =>
      containment.reported(
        { ...(receipt('a', 'r') as object), callId, effect, outcome } as GatewayReport,
        1_500,
      );
    expect(stop('c1', 'read', 'completed')).toEqual([]);
    expect(stop('c2', 'write', 'stopped')).toEqual([]);
    expect(stop('c3', 'write', 'completed')[0]).toMatchObject({
      type: 'may-have-taken-effect',
      callId: 'c3',
    });
    expect(stop('c4', null, 'unknown')[0]).toMatchObject({ type: 'may-have-taken-effect', effect: null });
  });

  it('goes on from its snapshot as if it had never stopped', () => {
    const before = twoGateways();
    before.revoked(revocation('r'), 7, 1_000, 1_000);
    before.reported(receipt('a', 'r'), 1_010);
    before.settle(1_010);
    const after = new Containment(JSON.parse(JSON.stringify(before.snapshot())));
    for (const containment of [before, after]) {
      containment.reported(heartbeat('a', 8), 1_000 + OUT_MS);
      containment.settle(1_000 + OUT_MS);
    }
    expect(after.list(1_000 + OUT_MS)).toEqual(before.list(1_000 + OUT_MS));
    expect(after.snapshot()).toEqual(before.snapshot());
  });

  it('proves nothing once a gateway found no room, and counts revocations it cannot follow', () => {
    const containment = new Containment(null, { gateways: 1, tracked: 1 });
    containment.reported(registered('a'), 100);
    containment.reported(registered('b'), 100);
    containment.revoked(revocation('r'), 7, 1_000, 1_000);
    containment.revoked(revocation('s'), 8, 1_000, 1_000);
    containment.reported(heartbeat('a', 9), 1_100);
    expect(containment.settle(1_100)).toEqual([]);
    expect(containment.untracked).toBe(1);
    expect(containment.isCrowded).toBe(true);
    containment.reported(left('a', 'goodbye'), 1_200);
    containment.reported(heartbeat('b', 9), 1_300);
    expect(containment.settle(1_300)).toHaveLength(1);
  });

  it('forgets what was lifted or is over', () => {
    const containment = twoGateways();
    containment.revoked(revocation('r'), 7, 1_000, 1_000);
    containment.revoked(revocation('s', { until: 2_000 }), 8, 1_000, 1_000);
    containment.lifted('r');
    containment.settle(2_001);
    expect(containment.list(2_001)).toEqual([]);
  });
});
