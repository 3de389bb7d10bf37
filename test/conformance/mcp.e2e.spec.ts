/**
 * The promise of the gateway to everybody else's software: with enforcement on, the official conformance suite says of
 * a server behind it exactly what it says of the server itself, scenario by scenario and check by check.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ToolCall } from '#activity/types';
import type { RunningGateway } from '#gateway';
import { openWorld, type World } from '../gateway/world.js';
import { startEverything, type EverythingServer } from '../servers/mcp-everything/server.js';
import { prepareSuite, runSuite, type Check, type Revision } from './mcp-suite.js';

const missing = await prepareSuite();
if (missing !== null) {
  process.stderr.write(`\nMCP CONFORMANCE IS SKIPPED: ${missing}\n\n`);
  if (process.env.CI === 'true') throw new Error(missing);
}

/** What the suite requires of a server of each revision; what it only reports is compared, not required. */
const REQUIRED_PASSES: Record<Revision, number> = { '2025-11-25': 70, '2026-07-28': 100 };

describe.skipIf(missing !== null)('the official MCP conformance suite', () => {
  let server: EverythingServer;
  let world: World;
  let gateway: RunningGateway;

  beforeAll(async () => {
    server = await startEverything();
    world = await openWorld();
    gateway = await world.gateway({ servers: { everything: { url: server.url } } });
  });
  afterAll(async () => {
    await world?.stop();
    await server?.stop();
  });

  for (const revision of ['2025-11-25', '2026-07-28'] as const) {
    it(`says the same through the gateway as without it: ${revision}`, { timeout: 300_000 }, async () => {
      const direct = await runSuite(server.url, revision);
      const through = await runSuite(`${gateway.url}/mcp/everything`, revision);
      expect(direct.filter(({ status }) => status === 'SUCCESS').length).toBeGreaterThanOrEqual(
        REQUIRED_PASSES[revision],
      );
      expect(table(through)).toEqual(table(direct));
      const calls = (await world.activities()).filter(
        (activity): activity is ToolCall => activity.type === 'ToolCall',
      );
      expect(calls.length).toBeGreaterThan(10);
      expect(calls.filter(({ decision }) => decision === 'refused')).toEqual([]);
    });
  }
});

/** Per scenario, so that a difference names its place. */
function table(checks: Check[]): Record<string, string[]> {
  const scenarios: Record<string, string[]> = {};
  for (const { scenario, id, status } of checks) (scenarios[scenario] ??= []).push(`${id}: ${status}`);
  return scenarios;
}
