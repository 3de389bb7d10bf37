/** Golden cases of the core: `test/cases/drift/*.yaml`, given / when / expect, on the shipped policy. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { CaseFile, parsePolicy, runCase } from '#policy';

const folder = fileURLToPath(new URL('../../cases/drift/', import.meta.url));
const shipped = readFileSync(
  fileURLToPath(new URL('../../../assets/policy/default.yaml', import.meta.url)),
  'utf8',
);

for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
  const { about, policy, cases } = CaseFile.parse(parse(readFileSync(folder + file, 'utf8')));
  const compiled = parsePolicy(
    policy ? stringify({ ...(parse(shipped) as object), ...policy }) : shipped,
    file,
  );
  describe(`${file}: ${about}`, () => {
    it.each(cases)('$title', (one) => {
      expect(runCase(compiled, one, 'given').mismatches).toEqual([]);
    });
  });
}
