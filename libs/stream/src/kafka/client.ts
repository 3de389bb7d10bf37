/** kafkajs clients from our configuration, with every setting that matters said explicitly. */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import kafkajs, { type Cluster, type Kafka as KafkaClient, type KafkaConfig as ClientConfig } from 'kafkajs';
import { resolveSecret, type KafkaConfig, type TlsConfig } from '#config';
import { patchKafkajs } from './patches.js';

const { Kafka, PartitionAssigners, logLevel } = kafkajs;

/** Connecting to one broker. */
const CONNECT_TIMEOUT_MS = 2_000;
/** A request without an answer: a broker that is there answers in milliseconds, also under load. */
const REQUEST_TIMEOUT_MS = 10_000;
/**
 * Back-off of kafkajs. The longest wait bounds how soon after its return a broker is used again; the number of tries
 * bounds how long an outage is waited out without leaving the group (about 20 minutes). After it we start anew.
 */
const PATIENT = { initialRetryTime: 50, multiplier: 1.5, factor: 0.2, maxRetryTime: 400, retries: 3_000 };
/** For calls that have their own deadline and loop. */
const QUICK = { initialRetryTime: 30, multiplier: 2, factor: 0.2, maxRetryTime: 200, retries: 1 };

export const RETRY = { patient: PATIENT, quick: QUICK };

export interface Client {
  kafka: KafkaClient;
  /** Ends its reconnecting: what waits for a broker fails at once. */
  giveUp(): void;
}

/** What `openKafkaLog` needs of the configuration. */
export type KafkaSettings = Partial<KafkaConfig> & Pick<KafkaConfig, 'brokers'>;

/** A client of its own: kafkajs shares the positions of a group between consumers of one client. */
export function makeClient(config: KafkaSettings, patience: keyof typeof RETRY): Client {
  patchKafkajs();
  let ended = false;
  const kafka = new Kafka({
    clientId: config.clientId ?? 'driftline',
    // No brokers is what ends kafkajs's own reconnecting: it takes it for a mistake in its configuration.
    brokers: () => (ended ? [] : config.brokers),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    enforceRequestTimeout: true,
    retry: RETRY[patience],
    // Its log lines repeat what reaches us as errors and events.
    logLevel: logLevel.NOTHING,
    ...(config.tls ? { ssl: tlsOptions(config.tls) } : {}),
    ...(config.sasl ? { sasl: saslOptions(config.sasl) } : {}),
  });
  return {
    kafka,
    giveUp: () => {
      ended = true;
    },
  };
}

function tlsOptions(tls: TlsConfig): ConnectionOptions {
  return {
    ...(tls.ca ? { ca: readFileSync(tls.ca) } : {}),
    ...(tls.cert ? { cert: readFileSync(tls.cert) } : {}),
    ...(tls.key ? { key: readFileSync(tls.key) } : {}),
    ...(tls.serverName ? { servername: tls.serverName } : {}),
  };
}

function saslOptions(sasl: NonNullable<KafkaConfig['sasl']>): NonNullable<ClientConfig['sasl']> {
  const { mechanism, username } = sasl;
  return { mechanism, username, password: resolveSecret(sasl.password) } as NonNullable<ClientConfig['sasl']>;
}

/** A connection pool of kafkajs without a group: its partition assigners are handed one, and that is all we take. */
export function makeCluster(client: Client): Cluster {
  let cluster: Cluster | undefined;
  client.kafka.consumer({
    groupId: 'driftline-reader',
    allowAutoTopicCreation: false,
    partitionAssigners: [
      (config) => {
        cluster = config.cluster;
        return PartitionAssigners.roundRobin(config);
      },
    ],
  });
  return cluster!;
}

interface ClientError extends Error {
  type?: string;
  code?: string;
  retriable?: boolean;
  cause?: unknown;
  originalError?: unknown;
}

/** The error at the bottom of kafkajs's wrappers. */
export function rootCause(thrown: unknown): ClientError {
  let error = (thrown instanceof Error ? thrown : new Error(String(thrown))) as ClientError;
  for (let depth = 0; depth < 8; depth += 1) {
    const inner = error.originalError ?? error.cause;
    if (!(inner instanceof Error)) return error;
    error = inner as ClientError;
  }
  return error;
}

const AWAY_NAMES = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSMetadataNotLoaded',
  'KafkaJSTopicMetadataNotLoaded',
  'KafkaJSGroupCoordinatorNotFound',
  'KafkaJSLockTimeout',
]);

/** True when the cluster cannot be reached or is not ready: waiting helps, nothing is wrong with us. */
export function isAway(thrown: unknown): boolean {
  const error = rootCause(thrown);
  if (AWAY_NAMES.has(error.name)) return true;
  return error.name === 'KafkaJSProtocolError' && error.retriable === true;
}

/** True when the topic or partition is not there. */
export const isUnknownTopic = (thrown: unknown): boolean =>
  rootCause(thrown).type === 'UNKNOWN_TOPIC_OR_PARTITION';
