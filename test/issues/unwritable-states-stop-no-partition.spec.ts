import { afterEach, expect, it, vi } from 'vitest';
import { decodeDeadLetter } from '#activity';
import { TOPICS } from '#activity/types';
import { stateCodec } from '#store';
import { folded, openGround, readAll, Reporter, revocations, send, storedStates } from '../engine/harness.js';

afterEach(() => vi.restoreAllMocks());

/** The engine folded the same chunk eight times and ended; so did the next one, for ever. */
it('an activity whose state cannot be encoded becomes a dead letter, and everything else is folded', async () => {
  const ground = await openGround('embedded');
  try {
    const gateway = new Reporter('g-1');
    const calls = ['a', 'b', 'a', 'a', 'b'].map((agent) => gateway.call(agent));
    const poison = calls[2]!;
    const encode = stateCodec.encode.bind(stateCodec);
    // A defect: whatever state has folded the poisoned activity is beyond the schema.
    vi.spyOn(stateCodec, 'encode').mockImplementation((state) => {
      const seen = state.instances.find(({ highest }) => highest >= poison.sequence);
      const isMissing = seen?.missing.some(
        ({ from, to }) => from <= poison.sequence && poison.sequence <= to,
      );
      if (state.agent === poison.agent && seen && !isMissing) throw new Error('too large');
      return encode(state);
    });
    const places = await send(ground.log, [...calls, gateway.bait('a')]);
    await ground.start();
    await folded(ground);
    const letters = (await readAll(ground.log, TOPICS.deadLetters)).map(({ value }) => {
      const { code, reason, partition, offset } = decodeDeadLetter(value!);
      return { code, reason, partition, offset };
    });
    expect(letters).toEqual([{ code: 'DL_ENGINE_NOT_FOLDED', reason: 'too large', ...places[2] }]);
    expect((await revocations(ground.log)).length).toBe(1);
    expect((await storedStates(ground.store)).size).toBe(2);
  } finally {
    await ground.close();
  }
});
