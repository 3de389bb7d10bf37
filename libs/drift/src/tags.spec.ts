import { describe, expect, it } from 'vitest';
import { DETECTORS } from './detectors/index.js';
import { TAGS, tagsOf } from './tags.js';
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
});
