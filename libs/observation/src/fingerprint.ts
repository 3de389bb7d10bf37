/** Keyed fingerprints: who holds no key of the tenant learns nothing from the log. `schemas/values.md` specifies them. */
import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { ObservationError } from './errors.js';
import type { ValueKind } from '#activity/types';
import { classifyWhole } from './kinds.js';
import { VALUES_VERSION, type Plain } from './normal.js';

/** Recent normal forms kept per generation; two generations are alive. ≤ 2 × 8,192 short strings, about 2 MB. */
const CACHE_ENTRIES = 8_192;
/** Longer normal forms (URLs with long queries) are fingerprinted anew each time. */
const CACHE_CHARS = 128;
const MIN_KEY_BYTES = 16;

export interface TenantKey {
  version: number;
  /** ≥ 16 bytes. */
  key: Uint8Array;
}

/** A key as another thread of this process is given it: its bytes stay where they are. */
export interface FingerprinterKey {
  version: number;
  key: KeyObject;
}

/** The key of one tenant and version, derived from a master secret (HKDF-SHA-256). */
export function deriveTenantKey(master: Uint8Array, tenant: string, version: number): TenantKey {
  if (master.length < MIN_KEY_BYTES) throw tooShort(master.length);
  const info = `driftline values ${tenant} ${version}`;
  return { version, key: new Uint8Array(hkdfSync('sha256', master, 'driftline', info, 32)) };
}

function tooShort(bytes: number): ObservationError {
  return new ObservationError(
    'bad-key',
    `A fingerprint key needs at least ${MIN_KEY_BYTES} bytes, got ${bytes}: generate one with 32 random bytes.`,
  );
}

/** Fingerprints with one key of one tenant. Safe to share; keeps a bounded cache of recent values. */
export class Fingerprinter {
  readonly version: number;
  private readonly key: KeyObject;
  private young = new Map<string, string>();
  private old = new Map<string, string>();

  /** @throws ObservationError `bad-key` */
  constructor({ version, key }: TenantKey | FingerprinterKey) {
    const secret = key instanceof Uint8Array ? createSecretKey(key) : key;
    const bytes = secret.symmetricKeySize ?? 0;
    if (bytes < MIN_KEY_BYTES) throw tooShort(bytes);
    this.version = version;
    this.key = secret;
  }

  /** For the same fingerprints in another thread. */
  get secret(): FingerprinterKey {
    return { version: this.version, key: this.key };
  }

  /** 16 lower-case hex digits. */
  print({ family, normal }: Pick<Plain, 'family' | 'normal'>): string {
    const message = `driftline.value.${VALUES_VERSION}\n${family}\n${normal}`;
    if (normal.length > CACHE_CHARS) return this.hmac(message);
    const known = this.young.get(message) ?? this.old.get(message);
    if (known !== undefined) return known;
    const print = this.hmac(message);
    if (this.young.size >= CACHE_ENTRIES) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(message, print);
    return print;
  }

  /** What a person or a policy wrote (an account, an address, a name) as a value; null when it is none. */
  ofText(text: string): { kind: ValueKind; print: string } | null {
    const value = classifyWhole(text.trim());
    return value === null ? null : { kind: value.kind, print: this.print(value) };
  }

  private hmac(message: string): string {
    return createHmac('sha256', this.key).update(message).digest('hex').slice(0, 16);
  }
}

/** All keys a tenant still needs: a task keeps the version it began with until it ends. */
export class FingerprintKeys {
  private readonly byVersion: Map<number, Fingerprinter>;
  readonly current: Fingerprinter;

  /** The highest version is the current one. @throws ObservationError `bad-key` */
  constructor(keys: readonly TenantKey[]) {
    if (keys.length === 0)
      throw new ObservationError('bad-key', 'A tenant needs at least one fingerprint key.');
    this.byVersion = new Map(keys.map((key) => [key.version, new Fingerprinter(key)]));
    this.current = this.byVersion.get(Math.max(...this.byVersion.keys()))!;
  }

  /** @throws ObservationError `unknown-key-version` */
  of(version: number): Fingerprinter {
    const found = this.byVersion.get(version);
    if (found !== undefined) return found;
    const held = [...this.byVersion.keys()].join(', ');
    throw new ObservationError(
      'unknown-key-version',
      `No fingerprint key of version ${version}; held: ${held}. Give this service the key its tasks began with.`,
    );
  }
}
