/**
 * What settings must mean together; a schema sees only one at a time. The rules run on the data as it was given, so
 * that their mistakes are listed beside all others.
 */
import { existsSync } from 'node:fs';
import type { Environment } from './environment.js';
import type { SecretRef } from './schema.js';
import { SecretError, resolveSecret } from './secret.js';

export interface BrokenRule {
  path: PropertyKey[];
  expected: string;
  got: string;
}

type Fields = Record<string, unknown>;

/** `host:port` or `[::1]:port`. */
const ADDRESS = /^(\[[0-9a-fA-F:.]+\]|[^\s:@/[\]]+):\d{1,5}$/;

/** `store`: the service opens one. */
export function brokenRules(data: Fields, env: Environment, store: boolean): BrokenRule[] {
  return [
    ...storageRules(data, store),
    ...addressRules('kafka', 'brokers', data),
    ...addressRules('redis', 'nodes', data),
    ...redisRules(fields(data['redis'])),
    ...tlsRules('kafka', fields(data['kafka'])),
    ...tlsRules('redis', fields(data['redis'])),
    ...serverRules(data),
    ...callerRules(data),
    ...secretRules(data, env),
    ...fileRules(data),
  ];
}

function storageRules(data: Fields, store: boolean): BrokenRule[] {
  const servers = store ? ['kafka', 'redis'] : ['kafka'];
  const needed = data['storage'] === 'servers' ? servers : [];
  return needed
    .filter((name) => data[name] === undefined)
    .map((name) => ({
      path: [name],
      expected: `settings of ${name}, because storage is "servers"`,
      got: 'nothing',
    }));
}

function addressRules(of: string, name: string, data: Fields): BrokenRule[] {
  const addresses = fields(data[of])[name];
  if (!Array.isArray(addresses)) return [];
  return addresses.flatMap((address, i) => {
    if (typeof address !== 'string' || ADDRESS.test(address)) return [];
    // Not shown: a URL given instead may carry a password.
    return [{ path: [of, name, i], expected: 'host:port', got: 'something else' }];
  });
}

function redisRules(redis: Fields): BrokenRule[] {
  const layout = redis['layout'] ?? 'standalone';
  const nodes = Array.isArray(redis['nodes']) ? redis['nodes'].length : 0;
  const broken: BrokenRule[] = [];
  if (layout === 'standalone' && nodes > 1) {
    const expected = 'one node, or layout "sentinel" or "cluster"';
    broken.push({ path: ['redis', 'nodes'], expected, got: `${nodes} nodes` });
  }
  if (layout === 'sentinel' && redis['sentinelName'] === undefined) {
    const expected = 'the name the Sentinels know the primary by, because layout is "sentinel"';
    broken.push({ path: ['redis', 'sentinelName'], expected, got: 'nothing' });
  }
  if (layout === 'cluster' && (redis['database'] ?? 0) !== 0) {
    const expected = '0, because Redis Cluster has one database only';
    broken.push({ path: ['redis', 'database'], expected, got: String(redis['database']) });
  }
  return broken;
}

function tlsRules(of: string, settings: Fields): BrokenRule[] {
  const tls = fields(settings['tls']);
  if ((tls['cert'] === undefined) === (tls['key'] === undefined)) return [];
  const missing = tls['cert'] === undefined ? 'cert' : 'key';
  return [{ path: [of, 'tls', missing], expected: 'cert and key, or neither', got: 'nothing' }];
}

function serverRules(data: Fields): BrokenRule[] {
  const servers = fields(fields(data['gateway'])['servers']);
  return Object.entries(servers).flatMap(([name, server]) => {
    const { url, command } = fields(server);
    if ((url === undefined) !== (command === undefined)) return [];
    const got = url === undefined ? 'neither' : 'both';
    return [{ path: ['gateway', 'servers', name], expected: 'either url or command', got }];
  });
}

function callerRules(data: Fields): BrokenRule[] {
  const callers = fields(data['authority'])['callers'];
  if (!Array.isArray(callers)) return [];
  const names = callers.map((caller) => fields(caller)['name']);
  return names.flatMap((name, i) =>
    names.indexOf(name) === i
      ? []
      : [
          {
            path: ['authority', 'callers', i, 'name'],
            expected: 'a name of its own',
            got: `"${String(name)}" again`,
          },
        ],
  );
}

function secretRules(data: Fields, env: Environment): BrokenRule[] {
  const secrets: { path: PropertyKey[]; ref: unknown }[] = [
    { path: ['redis', 'password'], ref: fields(data['redis'])['password'] },
    { path: ['redis', 'sentinelPassword'], ref: fields(data['redis'])['sentinelPassword'] },
    { path: ['kafka', 'sasl', 'password'], ref: fields(fields(data['kafka'])['sasl'])['password'] },
  ];
  const callers = fields(data['authority'])['callers'];
  for (const [i, caller] of (Array.isArray(callers) ? callers : []).entries()) {
    secrets.push({ path: ['authority', 'callers', i, 'token'], ref: fields(caller)['token'] });
  }
  return secrets.flatMap(({ path, ref }) => (isSecretRef(ref) ? brokenSecret(path, ref, env) : []));
}

function brokenSecret(path: PropertyKey[], ref: SecretRef, env: Environment): BrokenRule[] {
  if (ref.env !== undefined && ref.file !== undefined)
    return [{ path, expected: 'either env or file', got: 'both' }];
  try {
    resolveSecret(ref, env);
    return [];
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    return [{ path, expected: error.expected, got: error.got }];
  }
}

function fileRules(data: Fields): BrokenRule[] {
  const named: PropertyKey[][] = [
    ['policy'],
    ['gateway', 'identity', 'jwksFile'],
    ['gateway', 'identity', 'bundleFile'],
  ];
  for (const of of ['kafka', 'redis'])
    for (const name of ['ca', 'cert', 'key']) named.push([of, 'tls', name]);
  return named.flatMap((path) => {
    const value = path.reduce<unknown>((at, part) => fields(at)[String(part)], data);
    if (typeof value !== 'string' || existsSync(value)) return [];
    return [{ path, expected: 'a file that exists', got: `"${value}"` }];
  });
}

/** Whether it has the shape of a secret; another shape is the schema's mistake to name. */
function isSecretRef(value: unknown): value is SecretRef {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(
    ([name, text]) => ['env', 'file'].includes(name) && typeof text === 'string',
  );
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
