import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import type { Policy } from '#policy';
import { watchPolicyFile } from './policy-file.js';

const folder = mkdtempSync(join(tmpdir(), 'driftline-policy-file-'));
const path = join(folder, 'policy.yaml');
let unwatch: () => void = () => undefined;
afterEach(() => {
  unwatch();
  rmSync(folder, { recursive: true });
});

it('takes what is edited, says every mistake of what is wrong, and takes the next edit again', async () => {
  writeFileSync(path, 'name: first\n');
  const taken: Policy[] = [];
  const said: string[] = [];
  const changed = async (policy: Policy) => void taken.push(policy);
  unwatch = watchPolicyFile(path, { changed, say: (text) => void said.push(text) }, 20);
  const waitFor = (count: number) =>
    vi.waitFor(() => expect(said).toHaveLength(count), { timeout: 5_000, interval: 10 });
  // As an editor does: another file in its place.
  writeFileSync(`${path}~`, 'name: second, edited\n');
  renameSync(`${path}~`, path);
  await waitFor(1);
  writeFileSync(path, 'name: third\nsettled: later\nidle: long\n');
  await waitFor(2);
  writeFileSync(path, 'name: fourth time\n');
  await waitFor(3);
  expect(taken.map(({ name }) => name)).toEqual(['second, edited', 'fourth time']);
  expect(said[1]).toMatch(/policy\.yaml:2\S* settled/);
  expect(said[1]).toMatch(/policy\.yaml:3\S* idle/);
});
