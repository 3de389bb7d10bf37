/** The environment variables that override `driftline.yaml`. Secrets are not here: the file names theirs. */

interface Override {
  variable: string;
  path: string[];
  /** How the text becomes a value; a text that does not fit stays text, so that validation names it. */
  read: (text: string) => unknown;
}

const text = (value: string): unknown => value;
const number = (value: string): unknown => (/^\d+$/.test(value) ? Number(value) : value);
const list = (value: string): unknown =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

export const OVERRIDES: readonly Override[] = [
  { variable: 'DRIFTLINE_TENANT', path: ['tenant'], read: text },
  { variable: 'DRIFTLINE_STORAGE', path: ['storage'], read: text },
  { variable: 'DRIFTLINE_DATA_DIR', path: ['dataDir'], read: text },
  { variable: 'DRIFTLINE_POLICY', path: ['policy'], read: text },
  { variable: 'DRIFTLINE_MAX_SKEW_MS', path: ['maxSkewMs'], read: number },
  { variable: 'DRIFTLINE_KAFKA_BROKERS', path: ['kafka', 'brokers'], read: list },
  { variable: 'DRIFTLINE_KAFKA_PARTITIONS', path: ['kafka', 'partitions'], read: number },
  { variable: 'DRIFTLINE_REDIS', path: ['redis', 'nodes'], read: list },
  { variable: 'DRIFTLINE_REDIS_LAYOUT', path: ['redis', 'layout'], read: text },
  { variable: 'DRIFTLINE_REDIS_SENTINEL_NAME', path: ['redis', 'sentinelName'], read: text },
  { variable: 'DRIFTLINE_REDIS_USERNAME', path: ['redis', 'username'], read: text },
  { variable: 'DRIFTLINE_ENGINE_ID', path: ['engine', 'id'], read: text },
  { variable: 'DRIFTLINE_ENGINE_GROUP', path: ['engine', 'group'], read: text },
  { variable: 'DRIFTLINE_ENGINE_HOST', path: ['engine', 'listen', 'host'], read: text },
  { variable: 'DRIFTLINE_ENGINE_PORT', path: ['engine', 'listen', 'port'], read: number },
  { variable: 'DRIFTLINE_AUTHORITY_ID', path: ['authority', 'id'], read: text },
  { variable: 'DRIFTLINE_AUTHORITY_HOST', path: ['authority', 'listen', 'host'], read: text },
  { variable: 'DRIFTLINE_AUTHORITY_PORT', path: ['authority', 'listen', 'port'], read: number },
  { variable: 'DRIFTLINE_GATEWAY_ID', path: ['gateway', 'id'], read: text },
  { variable: 'DRIFTLINE_GATEWAY_HOST', path: ['gateway', 'listen', 'host'], read: text },
  { variable: 'DRIFTLINE_GATEWAY_PORT', path: ['gateway', 'listen', 'port'], read: number },
  { variable: 'DRIFTLINE_AUTHORITY_URL', path: ['gateway', 'authorityUrl'], read: text },
];

export type Environment = Readonly<Record<string, string | undefined>>;

/** The overrides that `env` sets. An empty variable counts as not set. */
export function environmentOverrides(
  env: Environment,
): { variable: string; path: string[]; value: unknown }[] {
  return OVERRIDES.flatMap(({ variable, path, read }) => {
    const given = env[variable];
    return given ? [{ variable, path, value: read(given) }] : [];
  });
}
