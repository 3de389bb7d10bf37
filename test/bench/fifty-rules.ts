/**
 * Fifty sequence rules such as operators write, most of them about tools that an agent never touches, and some that its
 * ordinary work touches all the time: every result, every directory listed, every file written begins one of them.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parse, stringify } from 'yaml';
import type { Policy } from '#drift';
import { parsePolicy } from '#policy';

const SYSTEMS = ['crm', 'mail', 'billing', 'hr', 'wiki', 'tickets', 'build', 'vault'];

export function policyWithFiftyRules(): Policy {
  const shipped = createRequire(import.meta.url).resolve('#assets/policy/default.yaml');
  const document = parse(readFileSync(shipped, 'utf8')) as Record<string, unknown>;
  const sequences = [
    ...SYSTEMS.flatMap(ofSystem),
    ...['task', 'principal', 'agent'].flatMap(ofFiles),
    {
      id: 'nights',
      title: 'At night',
      within: '2h',
      steps: [
        { id: 'admin', effect: 'admin', time: { from: '22:00', to: '06:00' } },
        { id: 'out', effect: 'send' },
      ],
    },
  ];
  if (sequences.length !== 50) throw new Error(`expected 50 rules, got ${sequences.length}`);
  return parsePolicy(stringify({ ...document, sequences }), 'fifty-rules');
}

/** Five about one system: two begin with what any system returns, three with what only this one does. */
function ofSystem(server: string) {
  const title = `About ${server}`;
  const result = { activity: 'result' };
  const secret = { id: 'secret', ...result, dataClass: ['credential', 'restricted'] };
  const bulk = { id: 'bulk', ...result, server: `${server}*`, dataClass: 'pii', records: { min: 50 } };
  const out = { id: 'out', effect: ['send', 'execute'], to: 'external' };
  const read = { id: 'read', ...result, server: `${server}*`, trust: 'third-party' };
  const config = { id: 'config', tool: [`${server}_*config*`, 'set_*'], effect: ['write', 'admin'] };
  return [
    { id: `${server}-secret-out`, title, within: '1h', steps: [secret, { ...out, server: `${server}*` }] },
    { id: `${server}-bulk-out`, title, within: '4h', steps: [bulk, out] },
    { id: `${server}-told-to-send`, title, within: '1h', steps: [read, { ...out, sameValue: 'read' }] },
    {
      id: `${server}-config`,
      title,
      within: '1h',
      of: 'principal',
      steps: [{ ...read, server: '*' }, config],
    },
    {
      id: `${server}-unapproved`,
      title,
      within: '1h',
      of: 'agent',
      steps: [
        bulk,
        { id: 'approval', absent: true, tool: 'request_approval' },
        { id: 'delete', effect: 'delete' },
      ],
    },
  ];
}

/** Three that the work of the load touches. */
function ofFiles(of: string) {
  const title = 'About files';
  const listed = { id: 'listed', tool: ['list_*', 'search_*'], times: 3 };
  const foreign = { id: 'foreign', activity: 'result', trust: ['third-party', 'unknown'] };
  const checked = { id: 'checked', absent: true, within: '10m', tool: ['get_file_info', 'read_*'] };
  return [
    {
      id: `wiped-${of}`,
      title,
      of,
      within: '1h',
      steps: [listed, { id: 'wiped', effect: 'delete', times: 3 }],
    },
    {
      id: `foreign-${of}`,
      title,
      of,
      within: '1h',
      steps: [foreign, { id: 'admin', effect: ['admin', 'execute'] }],
    },
    { id: `unchecked-${of}`, title, of, steps: [{ id: 'written', effect: 'write' }, checked], weight: 0.01 },
  ];
}
