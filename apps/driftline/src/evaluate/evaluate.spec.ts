import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RUNS, TOOLS } from '../../../../test/evaluate/fixture.js';
import { evaluate as command } from '../commands/evaluate.js';
import { evaluate, type EvaluateOptions } from './evaluate.js';
import { FORMS, GRANTS, MODES } from './settings.js';
import type { VerdictLine } from './verdict.js';

const folder = mkdtempSync(join(tmpdir(), 'driftline-evaluate-'));
afterAll(() => rmSync(folder, { recursive: true }));

const options: EvaluateOptions = {
  runs: [RUNS],
  toolsPath: TOOLS,
  leaveOut: [],
  outDir: join(folder, 'out'),
  workers: 0,
  grants: GRANTS,
  modes: MODES,
  forms: FORMS,
  phrasings: 1,
  seed: 1,
};
/** Ten runs under every setting are a few seconds' work, and machines have other work too. */
const PATIENCE_MS = 60_000;
const text = (dir: string) => readFileSync(join(dir, 'verdicts.jsonl'), 'utf8');
const linesOf = (dir: string) =>
  text(dir)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as VerdictLine);

describe('ten runs', () => {
  let lines: VerdictLine[];
  beforeAll(async () => {
    await evaluate(options);
    lines = linesOf(options.outDir);
  }, PATIENCE_MS);

  it('give one line for every run and setting', () => {
    const settings = FORMS.length * GRANTS.length * MODES.length;
    expect(lines).toHaveLength(10 * settings);
    const names = lines.map(({ id, grant, mode, form }) => `${id} ${grant} ${mode} ${form}`);
    expect(new Set(names).size).toBe(lines.length);
    const keys = [
      'id',
      'grant',
      'mode',
      'form',
      'contextCheckAt',
      'refusedAt',
      'revokedAt',
      'risk',
      'detectors',
    ];
    expect(Object.keys(lines[0]!)).toEqual(keys);
  });

  it('have a risk for each call of their own in every form', () => {
    const calls: Record<string, number> = { 'office-6': 5, 'garden-1': 2 };
    for (const { id, risk } of lines.filter(({ id }) => calls[id] !== undefined)) {
      expect(risk).toHaveLength(calls[id]!);
      expect(risk.every((value) => value >= 0 && value < 100)).toBe(true);
    }
  });

  it('are judged before a call runs inline, and only after it streamed', () => {
    const of = (mode: string) =>
      lines.find(
        (line) =>
          line.id === 'office-5' && line.mode === mode && line.grant === 'planned' && line.form === 'plain',
      )!;
    expect(of('inline').risk[1]).toBeGreaterThan(of('streamed').risk[1]!);
    expect(of('inline').risk[1]).toBeGreaterThan(0);
  });

  it('give the same again, and other phrasings with another seed', { timeout: PATIENCE_MS }, async () => {
    const again = join(folder, 'again');
    await evaluate({ ...options, outDir: again, forms: ['plain', 'padded', 'label'] });
    const some = linesOf(options.outDir).filter(({ form }) => ['plain', 'padded', 'label'].includes(form));
    expect(linesOf(again)).toEqual(some);
    const more = join(folder, 'more');
    await evaluate({
      ...options,
      outDir: more,
      forms: ['label'],
      grants: ['behaviour'],
      phrasings: 2,
      seed: 2,
    });
    expect(new Set(linesOf(more).map(({ form }) => form))).toEqual(new Set(['label', 'label-2']));
  });

  it('lose nothing by a restart', () => {
    const of = (form: string) =>
      lines.filter((line) => line.form === form).map(({ form: _form, ...rest }) => rest);
    expect(of('restarted')).toEqual(of('plain'));
  });
});

describe('the command', () => {
  it('writes a page that loads nothing', { timeout: PATIENCE_MS }, async () => {
    const out = join(folder, 'page');
    const written: string[] = [];
    const write = process.stdout.write.bind(process.stdout);
    process.stdout.write = ((chunk: string) => written.push(chunk) > 0) as typeof process.stdout.write;
    try {
      await command([RUNS], {
        tools: TOOLS,
        out,
        forms: ['plain', 'label'],
        phrasings: 1,
        seed: 1,
        workers: 0,
      });
    } finally {
      process.stdout.write = write;
    }
    expect(written.join('')).toContain('plain · planned · inline');
    const page = readFileSync(join(out, 'index.html'), 'utf8');
    expect(page).toContain('runs.jsonl');
    expect(page).not.toMatch(/<script|<link|src=|url\(|NaN|undefined/);
    const anchors = [...page.matchAll(/href="#([^"]+)"/g)].map(([, name]) => name!);
    expect(anchors).toHaveLength(2 * GRANTS.length * MODES.length);
    expect(anchors.filter((name) => !page.includes(`id="${name}"`))).toEqual([]);
  });

  it('says which line is no run, and what is wrong with the tools', async () => {
    const runs = join(folder, 'broken.jsonl');
    writeFileSync(runs, `${readFileSync(RUNS, 'utf8').split('\n')[0]}\n{"id":"x"}\n`);
    const settings = { tools: TOOLS, out: folder, phrasings: 1, seed: 1, workers: 0 };
    await expect(command([runs], settings)).rejects.toThrow(/broken\.jsonl:2: not a recorded run/);
    await expect(command([RUNS], { ...settings, tools: RUNS })).rejects.toThrow(/not a description of tools/);
  });
});
