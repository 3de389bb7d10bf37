/** What is activated while a gateway serves changes how it classifies and whom it asks, from the next call on. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ToolCall } from '#activity/types';
import { parsePolicy } from '#policy';
import { startWorkshop, type Workshop } from './workshop.js';
import { connect, openWorld, until, type World } from './world.js';

let workshop: Workshop;
let world: World;
beforeAll(async () => {
  workshop = await startWorkshop();
  world = await openWorld();
});
afterAll(async () => {
  await world?.stop();
  await workshop?.stop();
});

it('follows the active policy: catalogue and what is asked about', async () => {
  const gateway = await world.gateway({ servers: { shop: { url: workshop.url } } });
  const client = await connect(`${gateway.url}/mcp/shop`, { headers: { 'x-driftline-agent': 'worker' } });
  const call = async () => {
    await client.callTool({ name: 'write_note', arguments: { note: 'x' } });
    const calls = (await world.activities()).filter(({ type }) => type === 'ToolCall') as ToolCall[];
    return calls.at(-1)!;
  };
  expect(await call()).toMatchObject({ effect: 'write', effectSource: 'guess', basis: 'assessed' });
  const policy = parsePolicy(`
name: notes are harmless
catalogue:
  servers:
    - match: [shop]
      trust: own
      tools: { write_note: { effect: read } }
`);
  await world.engine.configure(policy, 'the test edits the file');
  await until(async () => (await call()).effect === 'read', 'the catalogue is used');
  expect(await call()).toMatchObject({ effectSource: 'catalogue', uncatalogued: false, basis: 'passed' });
  await client.close();
});
