import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentKey } from '#activity/types';
import { encodePolicy } from '#policy';
import {
  cleanReplay,
  folded,
  openGround,
  POLICY,
  Reporter,
  revocations,
  send,
  storedStates,
  type Ground,
} from './harness.js';

const CHILD = fileURLToPath(new URL('engine-child.mjs', import.meta.url));
const BUILT = fileURLToPath(new URL('../../dist/apps/engine/src/index.js', import.meta.url));

describe('an engine that is killed at a step of a batch', () => {
  let ground: Ground;
  beforeEach(async () => {
    if (!existsSync(BUILT))
      throw new Error(`${BUILT} is missing: the child runs the build. Run \`npm run build\`.`);
    ground = await openGround('embedded', { batchEvents: 40 });
  });
  afterEach(() => ground.close());

  /** Runs an engine in a process of its own until the step kills it. */
  async function killedAt(step: string): Promise<void> {
    const [config, policy] = [join(ground.dir, 'config.json'), join(ground.dir, 'policy.json')];
    writeFileSync(config, JSON.stringify(ground.config));
    writeFileSync(policy, encodePolicy(POLICY));
    await ground.release();
    const env = { ...process.env, DRIFTLINE_KILL_AT: step };
    const child = spawn(process.execPath, [CHILD, ground.dir, config, policy], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
    await ground.reopen();
  }

  it.each(['load', 'publish', 'store', 'reply'])('%s: loses nothing and doubles nothing', async (step) => {
    const reporter = new Reporter();
    const activities = reporter.calls(600, 12, 25);
    await send(ground.log, activities);
    for (const time of [1, 3, 4]) await killedAt(`${step}:${time}`);
    const afterKills = (await revocations(ground.log)).length;
    await ground.start();
    await folded(ground);
    expect(await storedStates(ground.store)).toEqual(await cleanReplay(ground.log));
    const published = await revocations(ground.log);
    const byId = new Map(published.map((revocation) => [revocation.id, JSON.stringify(revocation)]));
    for (const revocation of published) expect(JSON.stringify(revocation)).toBe(byId.get(revocation.id));
    const baited = new Set(activities.filter(({ tool }) => tool === 'bait').map((call) => agentKey(call)));
    expect(new Set(published.map(({ agent }) => agent))).toEqual(baited);
    expect(published.length).toBeGreaterThanOrEqual(afterKills);
  });
});
