import { expect, it } from 'vitest';
import { matchesResource } from '#drift';
import { Fingerprinter, observeCall } from '#observation';
import { defaultPolicy } from '#policy';
import { resourcesIn } from '../../libs/drift/src/glob.js';

const { catalogue } = defaultPolicy();
const fingerprinter = new Fingerprinter({ version: 1, key: Buffer.alloc(32, 1) });

function isInside(tool: string, args: object): boolean {
  const params = { name: tool, arguments: args };
  const { resource } = observeCall(
    { catalogue, fingerprinter },
    { method: 'tools/call', server: 'files', trusted: false, params },
  );
  const named = resourcesIn(resource!);
  return named !== null && named.every((one) => matchesResource('/work/**', one));
}

/** Only the beginning was looked at: `/work/a/a/…` was inside, and where `/../../etc` led to was never seen. */
it.each([
  ['climbs out far behind', { path: `/work/${'a/'.repeat(2_100)}${'../'.repeat(2_200)}etc/passwd` }],
  [
    'climbs out far behind, quoting itself',
    { path: `/work/"]${'a/'.repeat(2_100)}${'../'.repeat(2_200)}etc` },
  ],
  ['climbs out behind a question mark', { path: '/work/x?/../../etc/passwd' }],
  ['climbs out behind a hash, encoded', { path: '/work/x#/%2e%2e/%2E./etc/passwd' }],
  ['is longer than is kept', { path: `/work/${'a'.repeat(600)}` }],
  ['ends a list itself where it is cut', { path: `/work/${'a'.repeat(500)}"]${'b'.repeat(20)}` }],
])('a path that %s is inside no scope', (_, args) => expect(isInside('write_file', args)).toBe(false));

it('a list of more paths than are looked at is inside no scope', () => {
  const paths = [...Array<string>(64).fill('/work/a'), '/etc/passwd'];
  expect(isInside('read_multiple_files', { paths })).toBe(false);
  expect(isInside('read_multiple_files', { paths: paths.slice(0, 3) })).toBe(true);
});

it('what is looked at whole is told as before', () => {
  expect(isInside('write_file', { path: '/work/a/../b.txt' })).toBe(true);
  expect(isInside('write_file', { path: '/work/../etc/passwd' })).toBe(false);
});
