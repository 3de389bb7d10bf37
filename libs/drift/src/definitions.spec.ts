import { describe, expect, it } from 'vitest';
import { definitionOf, isChanged, withDefinition } from './definitions.js';
import { LIMITS } from './limits.js';
import type { Definition } from './state.js';

const OLD = 'a'.repeat(64);
const NEW = 'b'.repeat(64);

describe('definitions', () => {
  it.each(['read', 'x'.repeat(80), 'lésen', '#odd'])('are found by server and tool: %s', (tool) => {
    const known = withDefinition([], 'files', tool, OLD);
    expect(isChanged(definitionOf(known, 'files', tool)!, OLD)).toBe(false);
    expect(isChanged(definitionOf(known, 'files', tool)!, NEW)).toBe(true);
    expect(definitionOf(known, 'file', `s/${tool}`)).toBeNull();
    expect(definitionOf(known, 'other', tool)).toBeNull();
    expect(Buffer.byteLength(known[0]!.tool)).toBeLessThanOrEqual(LIMITS.definitionBytes);
  });

  it('are the same list when nothing is new', () => {
    const known = withDefinition([], 'files', 'read', OLD);
    expect(withDefinition(known, 'files', 'read', OLD)).toBe(known);
    expect(withDefinition(known, 'files', 'read', NEW)).toEqual([
      { tool: 'files/read', digest: NEW.slice(0, 16) },
    ]);
  });

  it('are bounded: the one not seen for longest is forgotten', () => {
    let known: Definition[] = [];
    for (let i = 0; i < LIMITS.definitions; i++) known = withDefinition(known, 's', `tool-${i}`, OLD);
    known = withDefinition(known, 's', 'tool-0', OLD);
    known = withDefinition(known, 's', 'one-more', OLD);
    expect(known).toHaveLength(LIMITS.definitions);
    expect(definitionOf(known, 's', 'tool-0')).not.toBeNull();
    expect(definitionOf(known, 's', 'tool-1')).toBeNull();
  });
});
