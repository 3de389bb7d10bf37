import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError, encodeLift, encodeRevocation } from '#activity';
import type { Revocation } from '#activity/types';
import type { RevocableCall } from './covers.js';
import { isInForce, RevocationIndex } from './revocation-index.js';

const AGENT = 'acme|spiffe://acme/agent';

function revocation(id: string, more: Partial<Revocation> = {}): Revocation {
  return {
    id,
    tenant: 'acme',
    agent: AGENT,
    task: null,
    server: null,
    effects: null,
    tools: null,
    dataClasses: null,
    response: 'restrict',
    issuedAt: 0,
    until: 1_000,
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

function call(more: Partial<RevocableCall> = {}): RevocableCall {
  return {
    tenant: 'acme',
    agentKey: AGENT,
    task: 't0-1',
    server: 'files',
    tool: 'write_file',
    effect: 'write',
    goesOut: false,
    dataClasses: ['internal'],
    ...more,
  } as RevocableCall;
}

function indexOf(...revocations: Revocation[]): RevocationIndex {
  const index = new RevocationIndex();
  for (const revocation of revocations) index.applyRevocation(revocation);
  return index;
}

describe('matching', () => {
  it.each([
    ['its agent', {}, {}, true],
    ['another agent', {}, { agentKey: 'acme|other' }, false],
    ['another tenant with the same words', {}, { tenant: 'other' }, false],
    ['its task', { task: 't0-1' }, {}, true],
    ['another task', { task: 't0-2' }, {}, false],
    ['no task where one is meant', { task: 't0-1' }, { task: null }, false],
    ['a task of any agent', { agent: null, task: 't0-1' }, {}, true],
    ['a server of every agent', { agent: null, server: 'files' }, {}, true],
    ['another server', { agent: null, server: 'mail' }, {}, false],
    ['its tools', { tools: ['write_file'] }, {}, true],
    ['other tools', { tools: ['read_file'] }, {}, false],
    ['its effects', { effects: ['write'] }, {}, true],
    ['other effects', { effects: ['read'] }, {}, false],
    ['a read that goes out, with sends', { effects: ['send'] }, { effect: 'read', goesOut: true }, true],
    ['a plain read, not with sends', { effects: ['send'] }, { effect: 'read' }, false],
    [
      'a read that goes out, not with writes',
      { effects: ['write'] },
      { effect: 'read', goesOut: true },
      false,
    ],
    ['an unknown effect, as the worst it could be', { effects: ['delete'] }, { effect: 'unknown' }, true],
    ['its data classes', { dataClasses: ['internal', 'pii'] }, {}, true],
    ['other data classes', { dataClasses: ['pii'] }, {}, false],
    ['what is only observed', { response: 'observe' }, {}, false],
    ['after its end', { until: 500 }, {}, false],
    ['for ever', { until: null }, {}, true],
  ] as [string, Partial<Revocation>, Partial<RevocableCall>, boolean][])(
    '%s',
    (_name, what, who, covered) => {
      expect(indexOf(revocation('r', what)).match(call(who), 500) !== null).toBe(covered);
    },
  );

  it('names the gravest, whatever came first', () => {
    const [mild, grave] = [revocation('a'), revocation('b', { response: 'revoke-agent', until: 900 })];
    expect(indexOf(mild, grave).match(call(), 0)?.id).toBe('b');
    expect(indexOf(grave, mild).match(call(), 0)?.id).toBe('b');
  });

  it('takes microseconds among ten thousand', () => {
    const index = new RevocationIndex();
    for (let i = 0; i < 12_000; i += 1) {
      const what = i % 2 === 0 ? { task: `t0-${i}` } : { agent: `acme|agent-${i}` };
      index.applyRevocation(revocation(`r${i}`, what));
    }
    const started = performance.now();
    for (let i = 0; i < 10_000; i += 1) index.match(call({ task: `t0-x${i}` }), 0);
    expect((performance.now() - started) / 10_000).toBeLessThan(0.02);
  });
});

describe('adding up and lifting', () => {
  it('leaves the rest when one of several is lifted', () => {
    const index = indexOf(revocation('a'), revocation('b'));
    expect(index.applyLift({ revocation: 'a' })?.id).toBe('a');
    expect(index.match(call(), 0)?.id).toBe('b');
    index.applyLift({ revocation: 'b' });
    expect(index.match(call(), 0)).toBeNull();
  });

  it('keeps a lifted id dead, also when the lift came first', () => {
    const index = new RevocationIndex();
    expect(index.applyLift({ revocation: 'a' })).toBeNull();
    expect(index.applyRevocation(revocation('a'))).toBe('lifted');
    expect(index.match(call(), 0)).toBeNull();
    expect(index.isLifted('a')).toBe(true);
  });

  it('gives the same index for any order of the same records', () => {
    const record = fc.record({
      lift: fc.boolean(),
      id: fc.constantFrom('a', 'b', 'c', 'd'),
      until: fc.option(fc.integer({ min: 1, max: 5 })),
      task: fc.option(fc.constantFrom('t0-1', 't0-2')),
    });
    const permuted = fc
      .array(record, { maxLength: 12 })
      .chain((records) =>
        fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })),
      );
    const build = (records: { lift: boolean; id: string; until: number | null; task: string | null }[]) => {
      const index = new RevocationIndex();
      for (const { lift, id, until, task } of records) {
        if (lift) index.applyLift({ revocation: id });
        else index.applyRevocation(revocation(id, { until, task }));
      }
      return index;
    };
    fc.assert(
      fc.property(permuted, ([one, other]) => {
        const [a, b] = [build(one), build(other)];
        expect(a.list()).toEqual(b.list());
        expect(a.match(call(), 2)).toEqual(b.match(call(), 2));
      }),
    );
  });
});

describe('records of the topic', () => {
  it('are applied by their key, and a tombstone lifts nothing', () => {
    const index = new RevocationIndex();
    const bytes = encodeRevocation(revocation('a', { issuedAt: 1_790_000_000_000, until: null }));
    const lift = {
      revocation: 'b',
      tenant: 'acme',
      by: 'alice',
      reason: 'checked',
      at: 1_790_000_000_000,
      cause: '',
    };
    expect(index.applyRecord('a', bytes)).toBe('applied');
    expect(index.applyRecord('a', null)).toBe('tombstone');
    expect(index.has('a')).toBe(true);
    expect(index.applyRecord('lift:b', encodeLift(lift))).toBe('lift');
    expect(index.isLifted('b')).toBe(true);
    expect(index.applyRecord('lift:b', null)).toBe('tombstone');
    expect(index.isLifted('b')).toBe(false);
    expect(() => index.applyRecord('c', Buffer.from('poison'))).toThrow(DecodeError);
  });
});

describe('limits', () => {
  it('drops what is over and makes room with it', () => {
    const index = new RevocationIndex({ revocations: 1 });
    index.applyRevocation(revocation('a', { until: 10 }), 0);
    expect(index.applyRevocation(revocation('b', { until: 20 }), 10)).toBe('applied');
    expect(index.list(10).map(({ id }) => id)).toEqual(['b']);
    expect(index.expire(20).map(({ id }) => id)).toEqual(['b']);
    expect(index.applyRevocation(revocation('c', { until: 20 }), 20)).toBe('expired');
  });

  it('fails closed for the tenant when there is no room, until the last would have ended, and counts it', () => {
    const index = new RevocationIndex({ revocations: 1 });
    index.applyRevocation(revocation('a', { agent: 'acme|other' }));
    expect(index.applyRevocation(revocation('b', { effects: ['send'], until: 700 }))).toBe('overflow');
    expect(index.overflow.revocations).toBe(1);
    expect(
      (['applied', 'repeated', 'overflow', 'lifted', 'expired', 'not-enforced'] as const).map(isInForce),
    ).toEqual([true, true, true, false, false, false]);
    expect(index.match(call({ effect: 'read' }), 0)).toMatchObject({ id: 'overflow:acme', until: 700 });
    expect(index.match(call({ tenant: 'other' }), 0)).toBeNull();
    expect(index.match(call({ effect: 'read' }), 700)).toBeNull();
  });

  it('forgets the oldest lifts past the limit, counted', () => {
    const index = new RevocationIndex({ lifted: 2 });
    for (const id of ['a', 'b', 'c']) index.applyLift({ revocation: id });
    expect(index.overflow.lifted).toBe(1);
    expect([index.isLifted('a'), index.isLifted('b'), index.isLifted('c')]).toEqual([false, true, true]);
  });
});
