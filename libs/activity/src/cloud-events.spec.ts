import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ceHeaders, type WireRecord } from './cloud-events.js';

const golden = (name: string): WireRecord =>
  (
    JSON.parse(readFileSync(new URL(`../../../test/golden/v1/${name}.json`, import.meta.url), 'utf8')) as {
      record: WireRecord;
    }
  ).record;

const AGENT = 'acme|spiffe://acme.example/agents/billing';

describe('ceHeaders', () => {
  it('of an activity are the binary binding of CloudEvents 1.0', () => {
    expect(ceHeaders(golden('tool-call'))).toStrictEqual({
      ce_specversion: '1.0',
      ce_type: 'dev.driftline.tool-call.v1',
      ce_source: 'gateway/gw1',
      ce_id: 'gw1-k3x9-1',
      ce_time: '2026-01-01T00:00:00.001Z',
      ce_subject: AGENT,
      'content-type': 'application/avro',
    });
  });

  it.each([
    ['tool-result', 'gateway/gw1', 'gw1-k3x9-2', AGENT],
    ['task-started', 'gateway/gw1', 'gw1-k3x9-3', AGENT],
    ['tick', 'engine/engine', 'gw1-k3x9-9', undefined],
    ['policy-activated', 'engine/engine', 'gw1-k3x9-8', undefined],
    ['revocation', 'engine/e1', 'r-1', AGENT],
    ['lift', 'engine/e1', 'lift:r-1', 'r-1'],
    ['alert', 'engine/e1', 'a-1', AGENT],
    ['audit', 'engine/e1', 'u-1', 'r-1'],
    [
      'dead-letter',
      'engine/e1',
      'driftline.activity.v1/3/9007199254740991',
      'driftline.activity.v1/3/9007199254740991',
    ],
    ['gateway-registered', 'gateway/gw1', 'gw1-k3x9/GatewayRegistered/1767225600000', 'gw1-k3x9'],
    ['gateway-heartbeat', 'gateway/gw1', 'gw1-k3x9/GatewayHeartbeat/1767225601000', 'gw1-k3x9'],
    ['gateway-left', 'gateway/gw1', 'gw1-k3x9/GatewayLeft/1767225602000', 'gw1-k3x9'],
    ['enforcement', 'gateway/gw1', 'gw1-k3x9/Enforcement/1767225603000/r-1/stopRequested/gw1-k3x9-c1', 'r-1'],
  ])('of %s name type, source, id and subject', (name, source, id, subject) => {
    const headers = ceHeaders(golden(name), 'engine/e1');
    expect([headers.ce_type, headers.ce_source, headers.ce_id, headers.ce_subject]).toStrictEqual([
      `dev.driftline.${name}.v1`,
      source,
      id,
      subject,
    ]);
  });
});
