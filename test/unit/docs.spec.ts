import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configJsonSchema, OVERRIDES } from '#config';
import { caseJsonSchema, policyJsonSchema } from '#policy';
import { createMetrics } from '#telemetry';
import { configurationPage, describeServices, metricsPage, PAGES, policyPage } from '../../scripts/docs.mjs';
import { authorityMetrics } from '../../apps/authority/src/metrics.js';
import { engineMetrics, progressGauge } from '../../apps/engine/src/metrics.js';
import { GatewayMetrics } from '../../apps/gateway/src/metrics.js';

const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const services = describeServices({
  createMetrics,
  engineMetrics,
  progressGauge,
  authorityMetrics,
  GatewayMetrics,
});

describe('reference pages are what the code says now (npm run build && node scripts/docs.mjs)', () => {
  it('configuration', () => {
    expect(text(PAGES.configuration)).toBe(configurationPage(JSON.parse(configJsonSchema()), OVERRIDES));
  });

  it('policy', () => {
    const page = policyPage(JSON.parse(policyJsonSchema()), JSON.parse(caseJsonSchema()));
    expect(text(PAGES.policy)).toBe(page);
  });

  it('metrics', () => {
    expect(text(PAGES.metrics)).toBe(metricsPage(services));
  });
});

describe('deploy/prometheus-alerts.yaml', () => {
  it('speaks only of metrics that there are', () => {
    const { groups } = parse(text('deploy/prometheus-alerts.yaml')) as {
      groups: { rules: { alert: string; expr: string }[] }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(10);
    const known = new Set(
      Object.values(services)
        .flat()
        .flatMap(({ name, type }) => (type === 'histogram' ? [`${name}_bucket`, `${name}_count`] : [name])),
    );
    const unknown = rules.flatMap(({ alert, expr }) => {
      const named = expr.match(/driftline_\w+/g) ?? [];
      if (named.length === 0) return [`${alert}: no metric`];
      return named.filter((name) => !known.has(name)).map((name) => `${alert}: ${name}`);
    });
    expect(unknown).toEqual([]);
  });
});

describe('docs/threat-model.md', () => {
  it('names tests that there are', () => {
    const named = [...text('docs/threat-model.md').matchAll(/\| `([^`]+)` › (.+?) +\|$/gm)];
    expect(named.length).toBeGreaterThan(30);
    const missing = named.filter(([, path, title]) => !text(path!).includes(title!));
    expect(missing.map(([row]) => row)).toEqual([]);
  });
});

describe('the documents', () => {
  const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...pagesUnder('docs')];

  it('link to files that there are', () => {
    const broken = pages.flatMap((page) =>
      [...text(page).matchAll(/\]\((?!https?:)([^)#]+)/g)]
        .map(([, target]) => join(dirname(page), target!))
        .filter((target) => !existsSync(new URL(`../../${target}`, import.meta.url)))
        .map((target) => `${page}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('name source files that there are', () => {
    const path = /`((?:apps|libs|test|scripts|assets|schemas|deploy|docs)\/[\w./-]+\.\w+)`/g;
    const missing = pages.flatMap((page) =>
      [...text(page).matchAll(path)]
        .filter(([, file]) => !existsSync(new URL(`../../${file}`, import.meta.url)))
        .map(([, file]) => `${page}: ${file}`),
    );
    expect(missing).toEqual([]);
  });
});

function pagesUnder(folder: string): string[] {
  const all = readdirSync(new URL(`../../${folder}`, import.meta.url), { recursive: true, encoding: 'utf8' });
  return all.filter((name) => name.endsWith('.md')).map((name) => join(folder, name));
}
