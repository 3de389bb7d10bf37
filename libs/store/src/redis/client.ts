/** Clients for the three layouts, set so that an outage is an error within milliseconds and nothing runs twice. */
import { Cluster, Redis, type ClusterOptions, type RedisOptions } from 'ioredis';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { resolveSecret, type RedisConfig, type TlsConfig } from '#config';
import { scripts, type Client } from './scripts.js';

/** A batch of the largest size takes about half a second on two cores; beyond this nobody is there. */
export const BATCH_DEADLINE_MS = 3_000;
/** Everything else takes a millisecond. */
export const POINT_DEADLINE_MS = 500;
/** A connection on which nothing comes back for this long is broken, whatever TCP says. */
const SOCKET_TIMEOUT_MS = BATCH_DEADLINE_MS + 500;
const CONNECT_TIMEOUT_MS = 2_000;
/** Reconnects for ever (the engine waits and keeps its place), and soon after the server is back. */
const RECONNECT_MAX_MS = 500;
const DEFAULT_PORT = 6_379;

export interface Node {
  host: string;
  port: number;
}

/** `host:port`, `[::1]:6379`, or a host alone. */
export function parseNode(text: string): Node {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:]+))(?::(?<port>\d+))?$/.exec(text.trim());
  const host = match?.groups?.['v6'] ?? match?.groups?.['host'];
  if (host === undefined) throw new RangeError(`redis.nodes: expected host:port, got "${text}"`);
  return { host, port: Number(match?.groups?.['port'] ?? DEFAULT_PORT) };
}

/** Starts connecting and returns at once. */
export function createClient(config: RedisConfig, connectionName: string): Client {
  const nodes = config.nodes.map(parseNode);
  if (config.layout === 'cluster') return createCluster(config, nodes, connectionName);
  const common = { ...commonOptions(config, connectionName), scripts: scripts() };
  if (config.layout === 'sentinel')
    return new Redis({ ...common, ...sentinelOptions(config, nodes) }) as Client & Redis;
  return new Redis({ ...common, ...nodes[0]! }) as Client & Redis;
}

function createCluster(config: RedisConfig, nodes: Node[], connectionName: string): Client {
  const cluster = new Cluster(nodes, clusterOptions(config, connectionName));
  // Left alone, a node is connected to by its first command, and those right behind that one fail.
  cluster.on('+node', (node: Redis) => {
    if (node.status === 'wait') node.connect().catch(() => undefined);
  });
  return cluster as Client & Cluster;
}

function commonOptions(config: RedisConfig, connectionName: string): RedisOptions {
  return {
    connectionName,
    protocol: 3,
    replyMapping: 'legacy',
    ...(config.username !== undefined && { username: config.username }),
    ...(config.password && { password: resolveSecret(config.password) }),
    ...(config.tls && { tls: tlsOptions(config.tls) }),
    db: config.database,
    // A command whose answer was lost may have been executed: it is never sent again by the client.
    autoResendUnfulfilledCommands: false,
    commandTimeout: BATCH_DEADLINE_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: reconnectDelayMs,
    // After a failover the connection may still lead to what is now a replica.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
}

function sentinelOptions(config: RedisConfig, sentinels: Node[]): RedisOptions {
  const { sentinelName, sentinelUsername, sentinelPassword, tls } = config;
  return {
    sentinels,
    role: 'master',
    ...(sentinelName !== undefined && { name: sentinelName }),
    ...(sentinelUsername !== undefined && { sentinelUsername }),
    ...(sentinelPassword && { sentinelPassword: resolveSecret(sentinelPassword) }),
    ...(tls && { enableTLSForSentinelMode: true, sentinelTLS: tlsOptions(tls) }),
    sentinelRetryStrategy: reconnectDelayMs,
  };
}

function clusterOptions(config: RedisConfig, connectionName: string): ClusterOptions {
  const { db: _onlyOne, retryStrategy: _perNode, ...redisOptions } = commonOptions(config, connectionName);
  return {
    scripts: scripts(),
    redisOptions,
    enableOfflineQueue: false,
    clusterRetryStrategy: reconnectDelayMs,
    // Would send a command again whose answer was lost. Redirections are not affected: those were not executed.
    retryDelayOnFailover: 0,
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    // Finds out about a failover that no command was redirected by.
    slotsRefreshInterval: 5_000,
    // Certificates name hosts, not the addresses behind them.
    ...(config.tls && { dnsLookup: (address, done) => done(null, address) }),
  };
}

function reconnectDelayMs(attempt: number): number {
  return Math.min(25 * 2 ** Math.min(attempt, 10), RECONNECT_MAX_MS);
}

function tlsOptions(tls: TlsConfig): ConnectionOptions {
  return {
    ...(tls.ca !== undefined && { ca: readFileSync(tls.ca) }),
    ...(tls.cert !== undefined && { cert: readFileSync(tls.cert) }),
    ...(tls.key !== undefined && { key: readFileSync(tls.key) }),
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
  };
}
