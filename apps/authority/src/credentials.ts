/** Who may ask the authority: named callers with a role and a bearer token. An agent is never one of them. */
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Caller } from '#access';
import { resolveSecret, type Config } from '#config';

export interface Credential extends Caller {
  token: string;
}

/** Every caller the authority knows. */
export type Credentials = Credential[];

/** 256 bits: not to be guessed, so a plain hash is enough to compare by. */
const TOKEN_BYTES = 32;
const FILE = 'credentials.json';

const CredentialsFile = z.strictObject({
  version: z.literal(1),
  callers: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(128),
        role: z.enum(['orchestrator', 'gateway', 'person']),
        token: z.string().min(16).max(512),
      }),
    )
    .min(1),
});

export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
  constructor(
    readonly code: 'DL_CREDENTIALS_OPEN' | 'DL_CREDENTIALS_INVALID',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The callers of the configuration, or one per role, generated once into `<dataDir>/credentials.json` (mode 0600). */
export async function loadOrCreateCredentials(
  config: Pick<Config, 'dataDir' | 'authority'>,
): Promise<Credentials> {
  if (config.authority.callers.length > 0) return configured(config.authority.callers);
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const path = join(config.dataDir, FILE);
  const there = await readCredentials(path);
  if (there) return there;
  await createOnce(path, generate());
  const created = await readCredentials(path);
  if (created) return created;
  throw new CredentialsError('DL_CREDENTIALS_INVALID', `${path} vanished right after it was written`);
}

function configured(callers: Config['authority']['callers']): Credentials {
  const credentials = callers.map(({ name, role, token }) => ({ name, role, token: resolveSecret(token) }));
  if (new Set(credentials.map(({ token }) => token)).size === credentials.length) return credentials;
  throw new CredentialsError(
    'DL_CREDENTIALS_INVALID',
    'two callers of authority.callers have the same token: nobody could tell who asked; give each its own',
  );
}

async function readCredentials(path: string): Promise<Credential[] | null> {
  let text: string;
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) {
      throw new CredentialsError(
        'DL_CREDENTIALS_OPEN',
        `${path} is open to other users: run chmod 600 ${path}`,
      );
    }
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return CredentialsFile.parse(JSON.parse(text)).callers;
  } catch (error) {
    const message = `${path} cannot be read as credentials; restore it, or remove it to have new ones generated`;
    throw new CredentialsError('DL_CREDENTIALS_INVALID', message, { cause: error });
  }
}

/** Whole or not at all, and only the first of several that start together wins. */
async function createOnce(path: string, credentials: Credentials): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ version: 1, callers: credentials }, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
}

function generate(): Credentials {
  const roles = ['orchestrator', 'gateway', 'person'] as const;
  return roles.map((role) => ({ name: role, role, token: randomBytes(TOKEN_BYTES).toString('base64url') }));
}
