import { expect, it } from 'vitest';
import { defaultPolicy } from '#policy';
import { stateTtlMs } from '../../apps/engine/src/chunk.js';
import { topicSpecs } from '../../apps/engine/src/topics.js';
import { TOPICS } from '#activity/types';

/** States of asserted agents lived as long as those of verified ones: a month and more for a name made up once. */
it('an asserted agent’s state lives no longer than the log can still ask for it', () => {
  const policy = defaultPolicy();
  const { retentionMs } = topicSpecs({ storage: 'embedded' }).find(({ name }) => name === TOPICS.activity)!;
  const [asserted, verified] = (['asserted', 'verified'] as const).map((how) => stateTtlMs(policy, how));
  expect(asserted! - policy.idleMs).toBeGreaterThan(retentionMs!);
  expect(asserted! - policy.idleMs).toBeLessThan(retentionMs! * 1.5);
  expect(verified! - policy.idleMs).toBeGreaterThan(retentionMs! * 4);
});
