import { expect, it } from 'vitest';
import { staleness } from '../../apps/authority/src/agents.js';

const NOW = 1_790_000_000_000;
const asOf = (caughtUpAtMs: number) =>
  staleness({ caughtUpAtMs, policy: 'p' }, (policy) => policy === 'p', NOW, 2_000)?.cause ?? null;

/** An engine whose clock was an hour ahead was taken for current for an hour after it had gone. */
it('an engine whose clock is ahead does not make its state current', () => {
  expect([asOf(NOW), asOf(NOW - 2_000), asOf(NOW + 2_000)]).toEqual([null, null, null]);
  expect([asOf(NOW - 2_001), asOf(NOW + 2_001), asOf(NOW + 3_600_000)]).toEqual(['lag', 'clock', 'clock']);
});
