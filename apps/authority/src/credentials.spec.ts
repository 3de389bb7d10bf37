import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Config } from '#config';
import { Callers } from './callers.js';
import { loadOrCreateCredentials } from './credentials.js';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'driftline-credentials-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const file = () => join(dataDir, 'credentials.json');

describe('loadOrCreateCredentials', () => {
  it('generates one per role, once, for this user only', async () => {
    const config = Config.parse({ dataDir });
    const several = await Promise.all([1, 2, 3, 4].map(() => loadOrCreateCredentials(config)));
    for (const credentials of several) expect(credentials).toEqual(several[0]);
    expect(several[0]!.map(({ role }) => role)).toEqual(['orchestrator', 'gateway', 'person']);
    expect(new Set(several[0]!.map(({ token }) => token)).size).toBe(3);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file(), 'utf8')).callers).toEqual(several[0]);
  });

  it('refuses a file that others can read, and one it cannot read itself', async () => {
    const config = Config.parse({ dataDir });
    await loadOrCreateCredentials(config);
    chmodSync(file(), 0o644);
    await expect(loadOrCreateCredentials(config)).rejects.toMatchObject({ code: 'DL_CREDENTIALS_OPEN' });
    chmodSync(file(), 0o600);
    writeFileSync(file(), '{"version":1,"callers":[]}');
    await expect(loadOrCreateCredentials(config)).rejects.toMatchObject({ code: 'DL_CREDENTIALS_INVALID' });
  });

  it('takes the callers of the configuration, and no two with one token', async () => {
    writeFileSync(file(), 'token-one-0123456789');
    const token = { file: file() };
    const one = Config.parse({
      dataDir,
      authority: { callers: [{ name: 'ci', role: 'orchestrator', token }] },
    });
    expect(await loadOrCreateCredentials(one)).toEqual([
      { name: 'ci', role: 'orchestrator', token: 'token-one-0123456789' },
    ]);
    const twice = Config.parse({
      dataDir,
      authority: {
        callers: [
          { name: 'ci', role: 'orchestrator', token },
          { name: 'ada', role: 'person', token },
        ],
      },
    });
    await expect(loadOrCreateCredentials(twice)).rejects.toMatchObject({ code: 'DL_CREDENTIALS_INVALID' });
  });
});

describe('Callers', () => {
  const callers = new Callers([
    { name: 'ci', role: 'orchestrator', token: 'aaaa' },
    { name: 'ada', role: 'person', token: 'bbbb' },
  ]);

  it('knows a caller by the whole token only', () => {
    expect(callers.identify('Bearer bbbb')).toEqual({ name: 'ada', role: 'person' });
    expect(callers.identify('bearer aaaa')).toEqual({ name: 'ci', role: 'orchestrator' });
    for (const wrong of [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      'Bearer aaa',
      'Bearer aaaaa',
      'Basic aaaa',
      'aaaa',
    ]) {
      expect(callers.identify(wrong)).toBeNull();
    }
  });
});
