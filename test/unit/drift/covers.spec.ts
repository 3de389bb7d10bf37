/** The core and every gateway's index must agree on what a revocation covers. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentKey, EFFECTS, type Revocation } from '#activity/types';
import { coversCall, goesOut } from '#drift';
import { defaultPolicy } from '#policy';
import { covers } from '#revocation';
import { Story } from './story.js';

describe('what a revocation covers', () => {
  it('is the same for the core and for the index of a gateway', () => {
    const story = new Story(defaultPolicy());
    const effects = fc.option(fc.subarray([...EFFECTS]), { nil: null });
    const task = fc.constantFrom(null, 't1', 't2');
    fc.assert(
      fc.property(
        effects,
        task,
        task,
        fc.constantFrom(...EFFECTS),
        fc.boolean(),
        (taken, of, on, effect, out) => {
          const destination = out ? { place: 'external' as const, print: '00000000000000aa' } : null;
          const call = { ...story.aCall({ task: on, effect }), destination };
          const revocation = {
            tenant: call.tenant,
            agent: agentKey(call),
            task: of,
            server: null,
            effects: taken,
            tools: null,
            dataClasses: null,
          } as Revocation;
          expect(coversCall(revocation, call)).toBe(
            covers(revocation, { ...call, agentKey: agentKey(call), goesOut: goesOut(call) }),
          );
        },
      ),
    );
  });
});
