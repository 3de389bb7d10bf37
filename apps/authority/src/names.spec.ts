import { describe, expect, it } from 'vitest';
import { agentKey, type Assurance } from '#activity/types';
import { parseAgentKey } from './agent-keys.js';
import { newTaskId, partitionOfTask } from './task-ids.js';

describe('parseAgentKey', () => {
  it('is the reverse of agentKey', () => {
    const who: [string, Assurance][] = [
      ['spiffe://acme.test/a|b', 'verified'],
      ['some client', 'asserted'],
      ['asserted/twice', 'asserted'],
    ];
    for (const [agent, assurance] of who) {
      const name = { tenant: 'acme', agent, assurance };
      expect(parseAgentKey(agentKey(name))).toEqual(name);
    }
    for (const wrong of ['', '|', 'acme|', '|spiffe://a', 'acme']) expect(parseAgentKey(wrong)).toBeNull();
  });
});

describe('task ids', () => {
  it('carry the partition', () => {
    expect(partitionOfTask(newTaskId(7), 8)).toBe(7);
    expect(newTaskId(7)).not.toBe(newTaskId(7));
  });

  it('of another log, or made up, are of no partition', () => {
    for (const wrong of [
      't8-abcdefgh',
      'x',
      '',
      't-abcdefgh',
      't1-',
      't1-a b c d e',
      't1e1-abcdefgh',
      `t1-${'a'.repeat(99)}`,
    ]) {
      expect(partitionOfTask(wrong, 8)).toBeNull();
    }
  });
});
