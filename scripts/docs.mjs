/**
 * Writes the pages under `docs/reference` from the code: after `npm run build`, `node scripts/docs.mjs`.
 * `test/unit/docs.spec.ts` fails when a page is not what this would write.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const NOTE = '<!-- Written by scripts/docs.mjs from the code. Do not edit. -->';
const ROOT = new URL('../', import.meta.url);
export const PAGES = {
  configuration: 'docs/reference/configuration.md',
  metrics: 'docs/reference/metrics.md',
  policy: 'docs/reference/policy.md',
};

/** One row per setting of `driftline.yaml`, as its JSON schema says, and the variables that override them. */
export function configurationPage(schema, overrides) {
  const rows = settings(schema, '').map(({ path, type, preset, text }) => [
    `\`${path}\``,
    type,
    preset,
    text,
  ]);
  const variables = overrides.map(({ variable, path }) => [`\`${variable}\``, `\`${path.join('.')}\``]);
  return page('Configuration', [
    'Everything stands in one file, `driftline.yaml` in the working directory, or the one named with `--config`.',
    'All of it is optional. Secrets are never in the file: it names an environment variable or a file that holds them.',
    'A wrong setting stops the start, and every mistake is listed with its line.',
    '',
    ...table(['setting', 'type', 'default', 'meaning'], rows),
    '',
    '## Environment',
    '',
    'These variables lie over the file. An empty one counts as not set.',
    '',
    ...table(['variable', 'setting'], variables),
  ]);
}

/** One row per key of a policy, and per key of a file of cases. */
export function policyPage(policy, cases) {
  // `when` is one step like those of `given`.
  const rows = (schema) =>
    settings(schema, '')
      .filter(({ path }) => !path.startsWith('cases[].when.'))
      .map(({ path, type, preset, text }) => [`\`${path}\``, type, preset, text]);
  return page('Policy', [
    'How to write one: [docs/how-to/policy.md](../how-to/policy.md). Editors complete it with `schemas/policy.schema.json`. Every key but the name has a default.',
    'Durations are like `90s`, `15m`, `2h` or `7d`. Globs know `*` for any run of characters.',
    '',
    ...table(['key', 'type', 'default', 'meaning'], rows(policy)),
    '',
    '## Cases',
    '',
    'Files `*.test.yaml` beside a policy, for `driftline policy test`; editors complete them with `schemas/policy-test.schema.json`.',
    'A step has one of the keys `call`, `result`, `starts`, `ends`, `check`, `lifts`, `lists`, `wait`, and those that go with it; `when` is a step like those of `given`.',
    '',
    ...table(['key', 'type', 'default', 'meaning'], rows(cases)),
  ]);
}

/** One table per service. `services`: name → what its metrics say of themselves. */
export function metricsPage(services) {
  const sections = Object.entries(services).flatMap(([service, metrics]) => [
    `## ${service}`,
    '',
    ...table(
      ['metric', 'type', 'labels', 'meaning'],
      metrics.map(({ name, type, labels, help }) => [`\`${name}\``, type, labels.join(', '), help]),
    ),
    '',
  ]);
  return page('Metrics', [
    'Each service answers `/metrics` for Prometheus, `/health` (503 when it makes no progress) and `/ready` on its own port.',
    'No label ever names an agent, a task or an id. Alarms over these metrics: `deploy/prometheus-alerts.yaml`.',
    'The engine also exports what Node.js says of its process under `driftline_process_` and `driftline_nodejs_`.',
    '',
    ...sections.slice(0, -1),
  ]);
}

function settings(schema, path) {
  if (schema.properties === undefined) return [];
  return Object.entries(schema.properties).flatMap(([name, property]) => {
    const at = path === '' ? name : `${path}.${name}`;
    const required = (schema.required ?? []).includes(name);
    const below = property.items ?? property.additionalProperties;
    const inner = property.items ? `${at}[]` : `${at}.<name>`;
    const nested = [below, ...(below?.anyOf ?? []), ...(property.anyOf ?? [])]
      .filter((one) => one?.properties)
      .flatMap((one) => settings(one, below ? inner : at));
    if (property.properties) return settings(property, at);
    return [
      {
        path: at,
        type: typeOf(property),
        preset: presetOf(property, required),
        text: property.description ?? '',
      },
      ...nested,
    ];
  });
}

function typeOf(property) {
  if (property.anyOf) return [...new Set(property.anyOf.map(typeOf))].join(' or ');
  if (property.const !== undefined) return `\`${property.const}\``;
  if (property.prefixItems) return `list of ${property.prefixItems.map(typeOf).join(', ')}`;
  if (property.enum) return property.enum.map((one) => `\`${one}\``).join(', ');
  if (property.type === 'array')
    return property.items.properties || property.items.anyOf?.some((one) => one.properties)
      ? 'list'
      : `list of ${typeOf(property.items)}`;
  if (property.type === 'object') return 'by name';
  return property.type ?? 'text';
}

function presetOf(property, required) {
  if (property.default === undefined) return required ? 'required' : '';
  return `\`${JSON.stringify(property.default)}\``;
}

function table(head, rows) {
  const escaped = rows.map((row) => row.map((cell) => String(cell).replaceAll('|', '\\|')));
  const widths = head.map((title, i) => Math.max(3, title.length, ...escaped.map((row) => row[i].length)));
  const line = (cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...escaped.map(line)];
}

function page(title, lines) {
  return `${NOTE}\n\n# ${title}\n\n${lines.join('\n').trimEnd()}\n`;
}

/** Metrics of each service, from functions that register them. */
export function describeServices({
  createMetrics,
  engineMetrics,
  progressGauge,
  authorityMetrics,
  GatewayMetrics,
}) {
  const [engine, authority] = [createMetrics(), createMetrics()];
  engineMetrics(engine);
  progressGauge(engine, () => ({}));
  authorityMetrics(authority);
  const gateway = new GatewayMetrics();
  const zero = () => 0;
  gateway.observe(new Proxy({}, { get: () => zero }));
  return { Engine: engine.list(), Authority: authority.list(), Gateway: gateway.registry.list() };
}

async function main() {
  const built = (path) => import(new URL(`dist/${path}`, ROOT).href);
  const [telemetry, config] = [
    await built('libs/telemetry/src/index.js'),
    await built('libs/config/src/index.js'),
  ];
  const apps = await Promise.all(
    ['engine', 'authority', 'gateway'].map((app) => built(`apps/${app}/src/metrics.js`)),
  );
  const parts = Object.assign({ createMetrics: telemetry.createMetrics }, ...apps);
  const schema = JSON.parse(readFileSync(new URL('schemas/driftline.schema.json', ROOT), 'utf8'));
  writeFileSync(new URL(PAGES.configuration, ROOT), configurationPage(schema, config.OVERRIDES));
  const [policy, cases] = ['policy', 'policy-test'].map((name) =>
    JSON.parse(readFileSync(new URL(`schemas/${name}.schema.json`, ROOT), 'utf8')),
  );
  writeFileSync(new URL(PAGES.policy, ROOT), policyPage(policy, cases));
  writeFileSync(new URL(PAGES.metrics, ROOT), metricsPage(describeServices(parts)));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
