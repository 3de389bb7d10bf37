/** Keys for fingerprints of values: per tenant, held by gateways and authority only. */
import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FingerprintKeys } from '#observation';
import { GatewayError } from './errors.js';
import { CODES } from './mcp/message.js';

const KEY_BYTES = 32;
const FILE = 'value-keys.json';

/**
 * The tenant's keys from `<dataDir>/value-keys.json` (mode 0600), made at the first start. Several processes may start
 * at once: the first file wins. Throws `GatewayError` `config` when the file is there and unreadable.
 */
export function loadOrCreateKeys(dataDir: string, tenant: string): FingerprintKeys {
  const path = join(dataDir, FILE);
  const stored = readStored(path);
  if (stored?.[tenant]) return toKeys(stored[tenant], path);
  const fresh: StoredKeys = { '1': randomBytes(KEY_BYTES).toString('hex') };
  store(path, { ...stored, [tenant]: fresh }, stored === null);
  return toKeys(readStored(path)![tenant] ?? fresh, path);
}

/** Hex by version; the highest is what new tasks use, older ones stay until the tasks that use them have ended. */
type StoredKeys = Record<string, string>;

function readStored(path: string): Record<string, StoredKeys> | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unreadable(path, error);
  }
  try {
    return JSON.parse(text) as Record<string, StoredKeys>;
  } catch (error) {
    throw unreadable(path, error);
  }
}

function store(path: string, all: Record<string, StoredKeys>, isNew: boolean): void {
  mkdirSync(dirname(path), { recursive: true });
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600 });
  try {
    if (isNew) linkSync(mine, path);
    else writeFileSync(path, readFileSync(mine), { mode: 0o600 });
  } catch (error) {
    // Another process was first: its keys are everybody's.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(mine, { force: true });
  }
  chmodSync(path, 0o600);
}

function toKeys(stored: StoredKeys, path: string): FingerprintKeys {
  const keys = Object.entries(stored).map(([version, hex]) => ({
    version: Number(version),
    key: Buffer.from(hex, 'hex'),
  }));
  if (keys.length === 0 || keys.some(({ version, key }) => !(version > 0) || key.length !== KEY_BYTES)) {
    throw unreadable(path, `expected versions with ${KEY_BYTES}-byte keys`);
  }
  return new FingerprintKeys(keys);
}

function unreadable(path: string, cause: unknown): GatewayError {
  return new GatewayError(
    'config',
    CODES.internal,
    `${path} does not hold value keys: ${String(cause)}; restore it from a backup`,
    { cause },
  );
}
