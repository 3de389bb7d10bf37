/**
 * Each promise has a test that notices when its check is gone: the sources are copied, one check is taken out, and the
 * named test is run on the copy. It has to fail there, and to pass on the copy as it was.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = ['apps', 'libs', 'schemas', 'assets', 'scripts', 'test', 'package.json', 'tsconfig.json'];
const CHILD_TIMEOUT_MS = 90_000;

interface Mutant {
  check: string;
  file: string;
  /** Stands there exactly once. */
  code: string;
  instead: string;
  spec: string;
  /** Full name of the test that has to notice. */
  test: string;
  needsServers?: boolean;
}

const FELL_BACK = 'folds again what a store that fell back has lost';
const MUTANTS: Mutant[] = [
  {
    check: 'the marker check of the embedded store',
    file: 'libs/store/src/embedded/store.ts',
    code: 'if (!sameMarker(marker, request.expected)) return { ok: false, marker };',
    instead: '',
    spec: 'test/engine/faults.int.spec.ts',
    test: `the marker (embedded) ${FELL_BACK}`,
  },
  {
    check: 'the marker check of the Redis store',
    file: 'assets/redis/commit.lua',
    code: "if (marker or '') ~= ARGV[1] then",
    instead: 'if false then',
    spec: 'test/engine/faults.int.spec.ts',
    test: `the marker (servers) ${FELL_BACK}`,
    needsServers: true,
  },
  {
    check: 'the sequence check',
    file: 'libs/drift/src/sequence.ts',
    code: 'if (missing === null) return { instances, duplicate: true, gap: 0 };',
    instead: 'if (missing === null) return { instances, duplicate: false, gap: 0 };',
    spec: 'test/engine/fold.int.spec.ts',
    test: 'the engine folds activity (embedded) drops retries exactly and counts gaps',
  },
  {
    check: 'the pending list',
    file: 'apps/authority/src/decisions.ts',
    code: 'return { append: toAppend(proposed, verdict, result), result };',
    instead: 'return { append: null, result };',
    spec: 'test/authority/decisions.int.spec.ts',
    test: 'fifty parallel calls over two authorities get no more past the decision than the same calls in a row',
  },
];

const hasServers = (): boolean => inject('kafkaBrokers') !== '' && inject('redisServer') !== '';

describe('a check that is taken out', () => {
  let copy: string;
  const mutants = MUTANTS.filter(({ needsServers }) => !needsServers || hasServers());

  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'driftline-mutants-'));
    for (const name of COPIED) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    const provide = { kafkaBrokers: inject('kafkaBrokers'), redisServer: inject('redisServer') };
    writeFileSync(
      join(copy, 'mutants.config.ts'),
      `import { alias } from './test/vitest.shared.js';\n` +
        `const test = { include: ['test/**/*.int.spec.ts'], provide: ${JSON.stringify(provide)}, testTimeout: 40_000 };\n` +
        `export default { resolve: { alias }, test };\n`,
    );
  });
  afterAll(() => copy && rmSync(copy, { recursive: true, force: true }));

  /** Full name → whether it passed, of the tests named. */
  async function run(some: Mutant[]): Promise<Map<string, boolean>> {
    const report = join(copy, 'report.json');
    rmSync(report, { force: true });
    const names = some.map(({ test }) => test.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
    const specs = [...new Set(some.map(({ spec }) => spec))];
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const config = ['--config', 'mutants.config.ts', '--reporter', 'json', '--outputFile', report];
    const child = spawn(process.execPath, [vitest, 'run', ...config, '-t', names, ...specs], {
      cwd: copy,
      stdio: 'ignore',
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), CHILD_TIMEOUT_MS);
    await once(child, 'exit');
    clearTimeout(timer);
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
      testResults: { assertionResults: { fullName: string; status: string }[] }[];
    };
    const results = testResults.flatMap(({ assertionResults }) => assertionResults);
    return new Map(
      results
        .filter(({ status }) => status === 'passed' || status === 'failed')
        .map(({ fullName, status }) => [fullName, status === 'passed']),
    );
  }

  /** Of all tests whose full name ends so: one per adapter. */
  const passed = (results: Map<string, boolean>, test: string): boolean[] =>
    [...results].filter(([name]) => name.endsWith(test)).map(([, ok]) => ok);

  it('is not missed where it is there: the named tests pass', { timeout: 120_000 }, async () => {
    const results = await run(mutants);
    for (const { test } of mutants) {
      const outcomes = passed(results, test);
      expect({ test, fine: outcomes.length > 0 && !outcomes.includes(false) }).toEqual({
        test,
        fine: true,
      });
    }
  });

  it.each(mutants)('$check: a test notices', { timeout: 120_000 }, async (mutant) => {
    const path = join(copy, mutant.file);
    const source = readFileSync(path, 'utf8');
    expect(source.split(mutant.code), `${mutant.file} has the check once`).toHaveLength(2);
    writeFileSync(
      path,
      source.replace(mutant.code, () => mutant.instead),
    );
    try {
      const results = await run([mutant]);
      const outcomes = passed(results, mutant.test);
      expect(outcomes.length, 'the named test was run').toBeGreaterThan(0);
      expect(outcomes, 'the named test passed without the check').not.toContain(true);
    } finally {
      writeFileSync(path, source);
    }
  });
});
