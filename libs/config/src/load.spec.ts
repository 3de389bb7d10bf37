import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configJsonSchema } from './json-schema.js';
import { loadConfig, type LoadOptions } from './load.js';
import { ConfigError, type Mistake } from './mistake.js';
import { resolveSecret } from './secret.js';

let dir: string;
beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'driftline-config-'))));
afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, lines: string[]): string {
  const path = join(dir, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

function mistakes(options: LoadOptions): Mistake[] {
  try {
    loadConfig({ env: {}, ...options });
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  throw new Error('expected a ConfigError, got a valid configuration');
}

describe('loadConfig', () => {
  it('gives a complete configuration without any file', () => {
    const { config, sources } = loadConfig({ env: {} });
    expect(config.storage).toBe('embedded');
    expect(config.engine.listen).toEqual({ host: '127.0.0.1', port: 7402 });
    expect(sources).toEqual({});
  });

  it('takes the file, then the environment, then overrides, and says where each came from', () => {
    const path = file('layers.yaml', ['tenant: acme', 'engine:', '  id: e1', '  listen:', '    port: 1']);
    const env = { DRIFTLINE_ENGINE_PORT: '2', DRIFTLINE_ENGINE_ID: 'e2', DRIFTLINE_DATA_DIR: '' };
    const { config, sources } = loadConfig({ path, env, overrides: { engine: { listen: { port: 3 } } } });
    expect(config).toMatchObject({
      tenant: 'acme',
      dataDir: '.driftline',
      engine: { id: 'e2', listen: { port: 3 } },
    });
    expect(sources).toEqual({
      tenant: 'layers.yaml:1',
      'engine.id': 'DRIFTLINE_ENGINE_ID',
      'engine.listen.port': 'command line',
    });
  });

  it('takes a host without a port: the port is still the usual one', () => {
    const { config } = loadConfig({ env: { DRIFTLINE_GATEWAY_HOST: '0.0.0.0' } });
    expect(config.gateway.listen).toEqual({ host: '0.0.0.0', port: 7400 });
  });

  it('reads lists from the environment', () => {
    const env = { DRIFTLINE_STORAGE: 'servers', DRIFTLINE_KAFKA_BROKERS: 'a:1, b:2', DRIFTLINE_REDIS: 'c:3' };
    const { config } = loadConfig({ env });
    expect(config.kafka?.brokers).toEqual(['a:1', 'b:2']);
    expect(config.redis).toMatchObject({ nodes: ['c:3'], layout: 'standalone', database: 0 });
  });

  it('asks for settings of Redis only where a store is opened', () => {
    const env = { DRIFTLINE_STORAGE: 'servers', DRIFTLINE_KAFKA_BROKERS: 'a:1' };
    expect(() => loadConfig({ env })).toThrow('redis');
    expect(loadConfig({ env, store: false }).config.redis).toBeUndefined();
  });

  it('lists every mistake with path, line, expectation and value', () => {
    const path = file('wrong.yaml', [
      'storage: servers',
      'maxSkewMs: soon',
      'engine:',
      '  concurrency: 100',
      '  colour: red',
      'gateway:',
      '  servers:',
      '    files:',
      '      trusted: true',
      '    Bad Name:',
      '      command: x',
    ]);
    const found = mistakes({ path, env: { DRIFTLINE_GATEWAY_PORT: 'http' } });
    const byPath = Object.fromEntries(found.map(({ path, ...rest }) => [path, rest]));
    expect(byPath).toMatchObject({
      maxSkewMs: { at: 'wrong.yaml:2', expected: 'a value of type number', got: '"soon"' },
      'engine.concurrency': { at: 'wrong.yaml:4', expected: 'a number of at most 64', got: '100' },
      'engine.colour': { at: 'wrong.yaml:5', got: '"colour"' },
      'gateway.listen.port': { at: 'DRIFTLINE_GATEWAY_PORT', got: '"http"' },
      'gateway.servers.files': { at: 'wrong.yaml:8', expected: 'either url or command', got: 'neither' },
      'gateway.servers.Bad Name': { at: 'wrong.yaml:10' },
      kafka: { at: 'wrong.yaml', got: 'nothing' },
      redis: { at: 'wrong.yaml', got: 'nothing' },
    });
    expect(found).toHaveLength(8);
  });

  it('checks what settings mean together', () => {
    const path = file('together.yaml', [
      'redis:',
      '  nodes: [a:1, b:2]',
      '  layout: sentinel',
      '  tls: { cert: /nowhere/cert.pem }',
      'gateway:',
      '  servers:',
      '    both: { url: "http://x", command: y }',
      'authority:',
      '  callers:',
      '    - { name: ci, role: person, token: { env: CI_TOKEN } }',
      '    - { name: ci, role: person, token: { env: CI_TOKEN, file: /x } }',
    ]);
    const found = mistakes({ path, env: { CI_TOKEN: 'x' } }).map((mistake) => mistake.path);
    expect(found.sort()).toEqual([
      'authority.callers[1].name',
      'authority.callers[1].token',
      'gateway.servers.both',
      'redis.sentinelName',
      'redis.tls.cert',
      'redis.tls.key',
    ]);
  });

  it('never shows what may be a secret', () => {
    const path = file('secret.yaml', [
      'redis:',
      '  nodes: ["redis://u:hunter2@h:1", hunter2]',
      '  password: hunter2',
      'authority: { callers: [{ name: a, role: boss, token: hunter2 }] }',
      'gateway: { authorityUrl: "hunter2://u:hunter2@", servers: { s: { command: x, env: { T: [hunter2] } } } }',
    ]);
    let message = '';
    try {
      loadConfig({ path, env: {} });
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain('redis.password (secret.yaml:3)');
    expect(message).not.toContain('hunter2');
  });

  it('takes addresses as host:port only', () => {
    const env = {
      DRIFTLINE_REDIS: 'redis://u:hunter2@h:1',
      DRIFTLINE_KAFKA_BROKERS: '[::1]:9092,kafka-1.test:9092,kafka',
    };
    const found = mistakes({ env });
    expect(found.map(({ path }) => path).sort()).toEqual(['kafka.brokers[2]', 'redis.nodes[0]']);
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });

  it('names missing files and broken YAML by line', () => {
    expect(mistakes({ path: join(dir, 'none.yaml') })).toMatchObject([
      { expected: 'a readable file', got: 'ENOENT' },
    ]);
    const broken = file('broken.yaml', ['tenant: a', 'tenant: b']);
    expect(mistakes({ path: broken })).toMatchObject([{ at: 'broken.yaml:2', got: 'DUPLICATE_KEY' }]);
    expect(mistakes({ path: file('list.yaml', ['- a']) })).toMatchObject([{ got: 'a list' }]);
  });
});

describe('secrets', () => {
  it('come from the environment or a file, without the final line break', () => {
    expect(resolveSecret({ env: 'A' }, { A: 's3' })).toBe('s3');
    expect(resolveSecret({ file: file('secret', ['s4']) })).toBe('s4');
  });

  it('are missed at start, by place', () => {
    const path = file('missing.yaml', ['redis: { nodes: [a:1], password: { env: NOT_SET } }']);
    expect(mistakes({ path })).toMatchObject([
      { path: 'redis.password', expected: 'a value in the environment variable NOT_SET', got: 'nothing' },
    ]);
    expect(() => resolveSecret({ file: join(dir, 'none') })).toThrow('ENOENT');
  });
});

it('schemas/driftline.schema.json is current (see write-schema.ts)', () => {
  const path = createRequire(import.meta.url).resolve('#schemas/driftline.schema.json');
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(configJsonSchema()));
});
