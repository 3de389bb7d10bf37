/** Hints about the catalogue, and about names of tools, facts and data classes that only it can know. */
import { bySpecificity } from '#drift';
import { nearest } from '../nearest.js';
import type { PolicyDocument } from '../schema.js';
import { overlap } from './globs.js';
import type { Hint, Looked } from './hint.js';

export function catalogueHints({ document }: Looked): Hint[] {
  return [
    ...overlapping(document),
    ...sameEffects(document),
    ...domains(document),
    ...unlistedClasses(document),
    ...unknownNames(document),
  ];
}

interface Entry {
  server: string;
  tool: string;
  path: PropertyKey[];
}

function entriesOf({ catalogue }: PolicyDocument): Entry[] {
  return catalogue.servers.flatMap(({ match, tools }, at) =>
    match.flatMap((server) =>
      Object.keys(tools).map((tool) => ({ server, tool, path: ['catalogue', 'servers', at, 'tools', tool] })),
    ),
  );
}

/** Enough to compare every pair in well under a second; a larger catalogue is compared by name alone. */
const COMPARED_MAX = 2_000;

/** Two entries that speak of the same tool, and neither more specifically. */
function overlapping(document: PolicyDocument): Hint[] {
  const entries = entriesOf(document).slice(0, COMPARED_MAX);
  return entries.flatMap((entry, at) => {
    const other = entries
      .slice(0, at)
      .find(
        (before) =>
          bySpecificity(before, entry) === 0 &&
          overlap(before.tool, entry.tool) &&
          overlap(before.server, entry.server),
      );
    if (other === undefined) return [];
    const same = other.server === entry.server && other.tool === entry.tool;
    const message = same
      ? `${entry.server}/${entry.tool} is described twice; the first description counts`
      : `${entry.server}/${entry.tool} and ${other.server}/${other.tool} speak of the same tools, neither more specifically; the first counts`;
    return [{ rule: 'overlapping-entries', path: entry.path, message }];
  });
}

/** A condition on an argument that changes nothing. */
function sameEffects({ catalogue }: PolicyDocument): Hint[] {
  return catalogue.servers.flatMap(({ tools }, at) =>
    Object.entries(tools).flatMap(([tool, { effect, effectBy }]) => {
      if (effectBy === undefined) return [];
      const { cases, absent = effect } = effectBy;
      if (absent !== effect || cases.some((one) => one.effect !== effect)) return [];
      const path = ['catalogue', 'servers', at, 'tools', tool, 'effectBy'];
      return [{ rule: 'same-effects', path, message: `whatever the argument, ${tool} is ${effect}` }];
    }),
  );
}

function domains({ catalogue }: PolicyDocument): Hint[] {
  return catalogue.internalDomains.flatMap((domain, at) => {
    if (/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(domain)) return [];
    const path = ['catalogue', 'internalDomains', at];
    const message = `"${domain}" is no domain: expected one like acme.example, without scheme, @ or *`;
    return [{ rule: 'not-a-domain', path, message }];
  });
}

function unlistedClasses(document: PolicyDocument): Hint[] {
  const listed = Object.keys(document.dataClasses);
  if (listed.length === 0) return [];
  const hint = (name: string, path: PropertyKey[]): Hint[] => {
    if (listed.includes(name)) return [];
    const near = nearest(listed, name);
    const meant = near === null ? '' : `; did you mean "${near}"?`;
    const message = `data class "${name}" is not in dataClasses, so it counts as 0.25${meant}`;
    return [{ rule: 'unlisted-data-class', path, message }];
  };
  return [
    ...document.catalogue.servers.flatMap((server, at) => [
      ...server.dataClasses.flatMap((name, i) => hint(name, ['catalogue', 'servers', at, 'dataClasses', i])),
      ...Object.entries(server.tools).flatMap(([tool, { dataClasses = [] }]) =>
        dataClasses.flatMap((name, i) =>
          hint(name, ['catalogue', 'servers', at, 'tools', tool, 'dataClasses', i]),
        ),
      ),
    ]),
    ...document.tiers.flatMap(({ dataClass = [] }, at) =>
      dataClass.flatMap((name) => hint(name, ['tiers', at, 'dataClass'])),
    ),
    ...document.sequences.flatMap(({ steps }, at) =>
      steps.flatMap(({ dataClass = [] }, i) =>
        dataClass.flatMap((name) => hint(name, ['sequences', at, 'steps', i, 'dataClass'])),
      ),
    ),
  ];
}

/** Conditions on tools, servers and facts that no tool of the catalogue meets. */
function unknownNames(document: PolicyDocument): Hint[] {
  const entries = entriesOf(document);
  if (entries.length === 0) return [];
  const tools = [...new Set(entries.map(({ tool }) => tool))];
  const servers = [...new Set(entries.map(({ server }) => server))];
  const facts = [
    ...new Set(
      document.catalogue.servers.flatMap((one) =>
        Object.values(one.tools).flatMap((tool) => Object.keys(tool.facts)),
      ),
    ),
  ];
  const say = (what: string, known: string[], name: string, path: PropertyKey[]): Hint => {
    const near = nearest(known, name);
    const meant = near === null ? '' : `; did you mean "${near}"?`;
    return {
      rule: `unknown-${what}`,
      path,
      message: `no ${what} of the catalogue is called "${name}"${meant}`,
    };
  };
  const ofTools = (globs: string[] = [], path: PropertyKey[]) =>
    globs.flatMap((glob) =>
      entries.some(({ server, tool }) => overlap(glob, tool) || overlap(glob, `${server}/${tool}`))
        ? []
        : [
            say(
              'tool',
              glob.includes('/') ? entries.map(({ server, tool }) => `${server}/${tool}`) : tools,
              glob,
              path,
            ),
          ],
    );
  const ofServers = (globs: string[] = [], path: PropertyKey[]) =>
    globs.flatMap((glob) =>
      servers.some((server) => overlap(glob, server)) ? [] : [say('server', servers, glob, path)],
    );
  const ofFacts = (names: object = {}, path: PropertyKey[]) =>
    Object.keys(names).flatMap((name) =>
      facts.includes(name) ? [] : [say('fact', facts, name, [...path, name])],
    );
  return [
    ...document.tiers.flatMap((tier, at) => [
      ...ofTools(tier.tool, ['tiers', at, 'tool']),
      ...ofServers(tier.server, ['tiers', at, 'server']),
      ...ofFacts(tier.facts, ['tiers', at, 'facts']),
    ]),
    ...document.exceptions.flatMap(({ tool }, at) => ofTools(tool, ['exceptions', at, 'tool'])),
    ...document.sequences.flatMap(({ steps }, at) =>
      steps.flatMap((step, i) => [
        ...ofTools(step.tool, ['sequences', at, 'steps', i, 'tool']),
        ...ofServers(step.server, ['sequences', at, 'steps', i, 'server']),
        ...ofFacts(step.facts, ['sequences', at, 'steps', i, 'facts']),
      ]),
    ),
  ];
}
