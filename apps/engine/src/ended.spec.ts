import { describe, expect, it } from 'vitest';
import { liftKey } from '#activity';
import { EndedRevocations } from './ended.js';
import { ENDED_KEPT_MS } from './limits.js';

const NOW = 1_790_000_000_000;
const LONG_AGO = NOW - ENDED_KEPT_MS;

describe('revocations that ended', () => {
  it('are due a good while after their end, with their lifts; what has no end never is', () => {
    const ended = new EndedRevocations();
    ended.revoked({ id: 'over', until: LONG_AGO });
    ended.revoked({ id: 'lifted', until: LONG_AGO });
    ended.liftedBy({ revocation: 'lifted' });
    ended.revoked({ id: 'just-over', until: LONG_AGO + 1 });
    ended.revoked({ id: 'for-ever', until: null });
    ended.liftedBy({ revocation: 'for-ever' });
    ended.liftedBy({ revocation: 'not-seen' });
    expect(ended.due(NOW, 10)).toEqual(['over', 'lifted', liftKey('lifted')]);
    expect(ended.due(NOW, 1)).toEqual(['over']);
    expect(ended.due(NOW + 1, 10)).toContain('just-over');
  });

  it('are not due again once they are gone, and of two ends the later counts', () => {
    const ended = new EndedRevocations();
    ended.revoked({ id: 'a', until: LONG_AGO });
    ended.liftedBy({ revocation: 'a' });
    for (const key of ended.due(NOW, 10)) ended.gone(key);
    expect(ended.due(NOW, 10)).toEqual([]);
    ended.revoked({ id: 'a', until: LONG_AGO });
    expect(ended.due(NOW, 10)).toEqual(['a']);
    ended.revoked({ id: 'a', until: NOW });
    ended.revoked({ id: 'a', until: LONG_AGO });
    expect(ended.due(NOW, 10)).toEqual([]);
  });
});
