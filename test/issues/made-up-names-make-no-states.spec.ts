import { afterEach, expect, it, vi } from 'vitest';
import { Identifier } from '../../apps/gateway/src/http/identify.js';
import { ASSERTED_NEW_MAX, ASSERTED_NEW_MS } from '../../apps/gateway/src/limits.js';

afterEach(() => vi.useRealTimers());

/** Every value of a header was a new agent with a state that is kept for weeks. */
it('new names of asserted agents are taken up to a limit; beyond it they are anonymous, and counted', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_790_000_000_000 });
  let crowded = 0;
  const identifier = new Identifier({
    tenant: 'acme',
    verifier: null,
    required: false,
    crowded: () => (crowded += 1),
  });
  const name = async (asserted: string) => {
    const who = await identifier.identify({ 'x-driftline-agent': asserted }, null, null);
    return who.kind === 'agent' ? who.agent.agent : null;
  };
  for (let i = 0; i < ASSERTED_NEW_MAX; i += 1) expect(await name(`n-${i}`)).toBe(`n-${i}`);
  expect([await name('one-more'), await name('n-0'), await name(''), crowded]).toEqual([
    'anonymous',
    'n-0',
    'anonymous',
    1,
  ]);
  vi.setSystemTime(Date.now() + ASSERTED_NEW_MS);
  expect(await name('one-more')).toBe('one-more');
});
