import { describe, expect, it } from 'vitest';
import { emptyState, type AgentState } from '#drift';
import { HeldStates } from './held-states.js';

const state = (clockMs: number): AgentState => ({ ...emptyState(), clockMs });

describe('held states', () => {
  it('count once they are adopted, and go back when they are not', () => {
    const states = new HeldStates(10);
    states.put('a', null);
    states.advance(states.get('a')!, state(1));
    states.advance(states.get('a')!, state(2));
    expect(states.touched.map(({ key }) => key)).toEqual(['a']);
    states.rollBack();
    expect(states.get('a')).toMatchObject({ stored: null, next: null, touched: false });
    states.advance(states.get('a')!, state(3));
    states.adopt();
    states.rollBack();
    expect(states.get('a')?.next?.clockMs).toBe(3);
    expect(states.touched).toEqual([]);
  });

  it('let go of the least recently folded past their limit, never of a running batch', () => {
    const states = new HeldStates(2);
    for (const key of ['a', 'b', 'c']) states.put(key, state(0));
    states.advance(states.get('a')!, state(1));
    expect(states.size).toBe(3);
    states.adopt();
    expect([states.get('a')?.key, states.get('b'), states.get('c')?.key]).toEqual(['a', undefined, 'c']);
  });

  it('believe nothing after another writer was there', () => {
    const states = new HeldStates(2);
    states.put('a', state(0));
    states.clear();
    expect(states.get('a')).toBeUndefined();
  });
});
