import { describe, expect, it } from 'vitest';
import { DETECTORS } from './detectors/index.js';
import { sequenceTags, TAGS, tagsOf } from './tags.js';
import { TAXONOMY } from './taxonomy.js';

describe('tags', () => {
  it('every detector has tags of every taxonomy', () => {
    for (const { name } of DETECTORS) {
      for (const ids of Object.values(tagsOf(name))) expect(ids).not.toEqual([]);
    }
    expect(Object.keys(TAGS).toSorted()).toEqual(DETECTORS.map(({ name }) => name).toSorted());
  });

  it('every id is in the published table', () => {
    for (const tags of Object.values(TAGS)) {
      for (const taxonomy of ['asi', 'atlas', 'maestro', 'nist'] as const) {
        for (const id of tags[taxonomy]) expect(Object.keys(TAXONOMY[taxonomy])).toContain(id);
      }
    }
  });

  it('a sequence rule may say its own', () => {
    const tags = { asi: ['ASI05'], atlas: [], maestro: [], nist: [] };
    const policy = {
      sequences: [
        { id: 'told', tags },
        { id: 'told-too', tags: null },
      ],
    } as never;
    const piece = (kind: string) => ({ detector: 'sequence', kind }) as never;
    expect(sequenceTags(policy, piece('sequence/told/00000000000000aa'))).toBe(tags);
    expect(sequenceTags(policy, piece('sequence/told-too'))).toBeNull();
    expect(sequenceTags(policy, piece('remainder/sequence'))).toBeNull();
  });
});
