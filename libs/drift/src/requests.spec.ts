import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REQUEST_MOODS, type Request, type TaskStarted, type ValueKind } from '#activity/types';
import { fnv32 } from './hash.js';
import { LIMITS } from './limits.js';
import {
  accountFor,
  asksFor,
  asksForEffect,
  BEHIND,
  leftRequests,
  NO_REQUESTS,
  requestsFor,
  startingWithRequests,
  unvouched,
  withIntentOf,
  withRequests,
  type Behind,
} from './requests.js';

const ask = (tool: string, more: Partial<Request> = {}): Request => ({
  tool,
  mood: 'imperative',
  object: true,
  author: null,
  ...more,
});
const by = (behind: Behind) => (): Behind => behind;
const nobody = by(BEHIND.nobody);
const found = (requests: typeof NO_REQUESTS, tool: string) => requestsFor(requests, fnv32(tool));

const anyRequest = fc.record({
  tool: fc.stringMatching(/^[a-z]{1,2}$/),
  mood: fc.constantFrom(...REQUEST_MOODS),
  object: fc.boolean(),
  author: fc.constant(null),
});
const anyResult = fc.record({
  list: fc.array(anyRequest, { maxLength: 40 }),
  foreign: fc.boolean(),
  behind: fc.constantFrom(BEHIND.nobody, BEHIND.other, BEHIND.meant, BEHIND.system),
});

describe('what text asked for', () => {
  it('keeps the clearest for each tool', () => {
    const one = withRequests(NO_REQUESTS, [ask('pay', { mood: 'mentioned' })], true, nobody);
    const two = withRequests(one, [ask('pay')], true, nobody);
    const three = withRequests(two, [ask('pay', { mood: 'due', object: false })], true, nobody);
    expect(found(three, 'pay').asked).toMatchObject({ mood: 0, object: true, foreign: true, passed: false });
    expect(found(three, 'send').asked).toBeNull();
  });

  it('tells who vouches for it apart from who does not', () => {
    const mixed = withRequests(
      withRequests(NO_REQUESTS, [ask('pay')], true, by(BEHIND.meant)),
      [ask('pay', { mood: 'due' })],
      true,
      by(BEHIND.other),
    );
    expect(found(mixed, 'pay')).toMatchObject({
      meant: 0,
      system: false,
      asked: { mood: 1, behind: BEHIND.other },
    });
  });

  it('is bounded, and what had to go counts for every tool as clearly as the clearest of it', () => {
    fc.assert(
      fc.property(fc.array(anyResult, { maxLength: 12 }), (results) => {
        let requests = NO_REQUESTS;
        const clearest = new Map<string, number>();
        for (const { list, foreign, behind } of results) {
          requests = withRequests(requests, list, foreign, by(behind));
          if (behind > BEHIND.other) continue;
          for (const { tool, mood } of list)
            clearest.set(tool, Math.min(clearest.get(tool) ?? 9, REQUEST_MOODS.indexOf(mood)));
        }
        expect(requests.asked.length).toBeLessThanOrEqual(LIMITS.requests);
        for (const [tool, mood] of clearest)
          expect(found(requests, tool).asked?.mood).toBeLessThanOrEqual(mood);
      }),
    );
  });

  it('passes on what nobody vouched for, as read by another', () => {
    const requests = withRequests(
      withRequests(NO_REQUESTS, [ask('pay')], true, nobody),
      [ask('send')],
      true,
      by(BEHIND.meant),
    );
    const next = startingWithRequests(leftRequests([unvouched(requests)]))!;
    expect(found(next, 'pay').asked).toMatchObject({ mood: 0, passed: true });
    expect(found(next, 'send').asked).toBeNull();
    expect(startingWithRequests(leftRequests([unvouched(NO_REQUESTS)]))).toBeNull();
  });

  it('what is passed on is bounded as well, and loses nothing that is clearer', () => {
    const mood = (i: number) => (i === 19 ? ('imperative' as const) : ('mentioned' as const));
    const tools = Array.from({ length: 20 }, (_, i) => ask(`tool${i}`, { mood: mood(i) }));
    const left = leftRequests([unvouched(withRequests(NO_REQUESTS, tools, true, nobody))]);
    expect(left.length).toBeLessThanOrEqual(LIMITS.requestsPassed);
    expect(found(startingWithRequests(left)!, 'tool19').asked?.mood).toBe(0);
    expect(found(startingWithRequests(left)!, 'tool3').asked).not.toBeNull();
  });
});

describe('what the intent asked for', () => {
  const started = {
    intentActions: ['pay', 'read'],
    intentEffects: ['send', 'read'],
    intentTopics: Array.from({ length: 96 }, (_, i) => `topic${i}`),
    intentValues: [{ kind: 'url' }, { kind: 'name' }],
  } as unknown as TaskStarted;

  it('is kept as bits and hashes', () => {
    const requests = withIntentOf(NO_REQUESTS, started);
    expect([asksFor(requests, 'pay'), asksFor(requests, 'delete'), asksFor(requests, null)]).toEqual([
      true,
      false,
      false,
    ]);
    expect([asksForEffect(requests, 'send'), asksForEffect(requests, 'admin')]).toEqual([true, false]);
    expect(requests.topics).toHaveLength(LIMITS.intentTopics);
  });

  it('accounts for a call by what it asks for and by what it names', () => {
    const requests = withIntentOf(NO_REQUESTS, started);
    const paying = (kind: ValueKind) => accountFor(requests, 'pay', kind);
    expect([paying('iban'), paying('host'), paying('url'), paying('name')]).toEqual([
      'open',
      'other',
      'other',
      'open',
    ]);
    expect(accountFor(requests, 'delete', 'id')).toBe('unasked');
    // Of a tool whose name says nothing, nothing is known.
    expect(accountFor(requests, null, 'id')).toBe('unknown');
    expect(accountFor(null, 'pay', 'iban')).toBe('unknown');
    expect(accountFor(NO_REQUESTS, 'pay', 'iban')).toBe('unknown');
    expect(asksForEffect(requests, 'admin')).toBe(false);
  });
});
