import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** Dependency rule: core ← adapters ← apps. The core (`libs/drift`) reaches nothing but itself and `#activity/types`. */
const root = fileURLToPath(new URL('../..', import.meta.url));

interface Import {
  file: string;
  target: string;
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)['"]([^'"]+)['"]/g;

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(IMPORT)].map((match) => ({ file, target: match[1] ?? '' }));
}

const libs = sources('libs').flatMap(importsOf);
const apps = sources('apps').flatMap(importsOf);
const APPS = ['#engine', '#authority', '#gateway'];

describe('import rule', () => {
  it('reads real imports', () => {
    expect(libs.length).toBeGreaterThan(20);
    expect(apps.length).toBeGreaterThan(20);
  });

  it('the core imports itself and the activity types, nothing else', () => {
    const foreign = libs.filter(
      ({ file, target }) =>
        file.startsWith(`libs${sep}drift${sep}`) && !target.startsWith('.') && target !== '#activity/types',
    );
    expect(foreign).toEqual([]);
  });

  it('the activity types import nothing', () => {
    expect(importsOf('libs/activity/src/types.ts')).toEqual([]);
  });

  it('the core has no clock and no randomness', () => {
    const impure = sources('libs/drift').filter((file) =>
      /\bDate\.now\b|\bnew Date\b|\bMath\.random\b|\bperformance\.|\bprocess\.|\bsetTimeout\b|\brandomUUID\b/.test(
        readFileSync(join(root, file), 'utf8'),
      ),
    );
    expect(impure).toEqual([]);
  });

  it('libs never import apps', () => {
    expect(libs.filter(({ target }) => APPS.includes(target) || target.includes('/apps/'))).toEqual([]);
  });

  it('an app imports no other app; only the command imports them all', () => {
    const crossing = apps.filter(
      ({ file, target }) => !file.startsWith(`apps${sep}driftline${sep}`) && APPS.includes(target),
    );
    expect(crossing).toEqual([]);
  });

  it('libs and apps reach each other only through the one public face', () => {
    const deep = [...libs, ...apps].filter(({ file, target }) => {
      if (!target.startsWith('.')) return false;
      const home = file.split(sep).slice(0, 2).join(sep);
      return !relative(root, join(root, file, '..', target)).startsWith(home + sep);
    });
    expect(deep).toEqual([]);
  });

  it('libs do not import each other in a circle', () => {
    const edges = new Map<string, Set<string>>();
    for (const { file, target } of libs) {
      const from = `#${file.split(sep)[1]}`;
      const to = target === '#activity/types' ? '#activity/types' : target;
      if (to.startsWith('#') && to !== from) edges.set(from, (edges.get(from) ?? new Set()).add(to));
    }
    const reaches = (from: string, goal: string, seen = new Set<string>()): boolean =>
      [...(edges.get(from) ?? [])].some(
        (next) => next === goal || (!seen.has(next) && reaches(next, goal, seen.add(next))),
      );
    expect([...edges.keys()].filter((lib) => reaches(lib, lib))).toEqual([]);
  });
});
