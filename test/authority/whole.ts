/** A ground with a real engine behind its log, an authority over HTTP, people, and a gateway's way of asking and reporting. */
import { expect } from 'vitest';
import { ActivityReporter, HttpAuthority, HttpOversight, type Decision } from '#access';
import { TOPICS, type ToolCall } from '#activity/types';
import type { RunningAuthority } from '#authority';
import { Config } from '#config';
import { startEngine, type RunningEngine } from '#engine';
import type { Policy } from '#policy';
import { openGround, quiet, tokenOf, type Ground, type Servers } from './harness.js';

export interface Whole extends Ground {
  engine: RunningEngine;
  url: string;
  authority: RunningAuthority['authority'];
  person: HttpAuthority;
  oversight: HttpOversight;
  /** As a gateway does: asks, then reports the call with what was said. */
  make(call: ToolCall): Promise<Decision>;
}

/** `settings` are of every service. Resolves when decisions can be made. */
export async function openWhole(
  servers: Servers,
  policy: Policy,
  settings: { maxSkewMs?: number } = {},
): Promise<Whole> {
  const ground = await openGround(servers, policy, settings);
  const { log, store, tenant } = ground;
  const config = Config.parse({ ...settings, tenant, engine: { listen: { host: '127.0.0.1', port: 0 } } });
  const engine = await startEngine({ config, log, store, policy, logger: quiet });
  const { url, authority } = await ground.start();
  const [gateway, person] = (['gateway', 'person'] as const).map(
    (role) => new HttpAuthority({ url, token: tokenOf(role) }),
  ) as [HttpAuthority, HttpAuthority];
  const oversight = new HttpOversight({ url, token: tokenOf('person') });
  const sink = {
    append: (records: Parameters<typeof log.append>[1]) => log.append(TOPICS.activity, records),
  };
  const partitions = await log.partitions(TOPICS.activity);
  const reporter = new ActivityReporter({ sink, partitions, source: 'gateway/test' });
  const make = async (call: ToolCall): Promise<Decision> => {
    const answered = await gateway.decide(call);
    const { allowed, basis, reason, revocation, policy: judgedBy } = answered;
    const decision = allowed ? ('allowed' as const) : ('refused' as const);
    await reporter.report({
      ...call,
      decision,
      basis,
      reason,
      revocation,
      pending: true,
      policy: judgedBy,
    });
    return answered;
  };
  // Until the engine has said of every partition that it is folded, the authority answers like an absent one.
  for (let partition = 0; partition < partitions; partition += 1) {
    const current = () => authority.task(`t${partition}-nosuchtask`).then(String, () => 'not yet');
    await expect.poll(current, { timeout: 20_000 }).toBe('null');
  }
  const stop = async () => {
    await Promise.all([gateway, person, oversight].map((client) => client.close()));
    await engine.stop();
    await ground.stop();
  };
  return { ...ground, engine, url, authority, person, oversight, make, stop };
}
