import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { RUNS, TOOLS } from './fixture.js';

const COMMAND = fileURLToPath(new URL('../../bin/driftline.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'driftline-evaluate-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function evaluate(
  name: string,
  ...options: string[]
): Promise<{ stdout: string; stderr: string; out: string }> {
  const out = join(folder, name);
  const args = [COMMAND, 'evaluate', RUNS, '--tools', TOOLS, '--out', out, ...options];
  return { ...(await promisify(execFile)(process.execPath, args)), out };
}
const bytes = (dir: string, file: string) => readFileSync(join(dir, file), 'utf8');

describe('driftline evaluate', () => {
  it('says the same however many threads share the work', async () => {
    const forms = ['--forms', 'plain,padded,declarative'];
    const [none, one, three] = [
      await evaluate('none', ...forms, '--workers', '0'),
      await evaluate('one', ...forms, '--workers', '1'),
      await evaluate('three', ...forms, '--workers', '3'),
    ];
    for (const file of ['verdicts.jsonl', 'index.html', 'baseline.json']) {
      expect(bytes(one.out, file)).toBe(bytes(none.out, file));
      expect(bytes(three.out, file)).toBe(bytes(none.out, file));
    }
    expect(bytes(none.out, 'verdicts.jsonl').trim().split('\n')).toHaveLength(10 * 3 * 3 * 2);
    // No bar where nobody looks.
    expect(three.stderr).toBe('');
  });

  it('takes what it learned as the baseline of runs to come', async () => {
    const { out } = await evaluate('first', '--forms', 'plain', '--workers', '0');
    const options = ['--forms', 'plain', '--workers', '0', '--leave-out', 'office,garden'];
    const { stdout } = await evaluate('second', ...options, '--baseline', join(out, 'baseline.json'));
    expect(stdout).toContain('plain · precedent · streamed');
  });

  it('names the choices when it is asked for another', async () => {
    await expect(evaluate('wrong', '--forms', 'plain,loud')).rejects.toThrow(
      /loud is not one of plain, padded/,
    );
  });
});
