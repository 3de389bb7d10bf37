import { describe, expect, it } from 'vitest';
import { emptyState, type AgentState } from '#drift';
import { HeldStates } from './held-states.js';

const state = (clockMs: number): AgentState => ({ ...emptyState(), clockMs });

/** A batch in which nobody else came. */
function come(states: HeldStates, key: string, clockMs: number): void {
  if (!states.get(key)) states.put(key, null);
  states.advance(states.get(key)!, state(clockMs));
  states.adopt();
}

describe('held states', () => {
  it('count once they are adopted, and go back when they are not', () => {
    const states = new HeldStates(10);
    states.put('a', null);
    states.advance(states.get('a')!, state(1));
    states.advance(states.get('a')!, state(2));
    expect(states.touched.map(({ key }) => key)).toEqual(['a']);
    states.rollBack();
    expect(states.get('a')).toMatchObject({ stored: null, next: null, touched: false });
    come(states, 'a', 3);
    come(states, 'a', 4);
    states.rollBack();
    expect(states.get('a')?.next?.clockMs).toBe(4);
    expect(states.touched).toEqual([]);
  });

  it('are held from the second batch on that their agent came in', () => {
    const states = new HeldStates(10);
    come(states, 'a', 1);
    expect(states.get('a')).toBeUndefined();
    come(states, 'a', 2);
    expect(states.get('a')?.stored?.clockMs).toBe(2);
    states.clear();
    come(states, 'a', 3);
    expect(states.get('a')).toBeUndefined();
  });

  it('remember so many agents that came once, not more', () => {
    const states = new HeldStates(2);
    for (const key of ['a', 'b', 'c']) come(states, key, 1);
    for (const key of ['a', 'c']) come(states, key, 2);
    expect([states.get('a'), states.get('c')?.key]).toEqual([undefined, 'c']);
  });

  it('let go of the least recently folded past their limit, never of a running batch', () => {
    const states = new HeldStates(2);
    for (const key of ['a', 'b', 'c']) {
      if (key === 'a') come(states, 'a', 0);
      states.put(key, state(0));
    }
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
