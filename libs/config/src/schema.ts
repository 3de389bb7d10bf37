/**
 * The one configuration of every Driftline process: `driftline.yaml`, then environment variables for what is secret.
 * Read and validated once at start by `loadConfig`; a wrong one stops the start with every mistake listed.
 * `schemas/driftline.schema.json` is generated from here.
 */
import { z } from 'zod';

/** A secret: given as environment variable name or file, never in the file itself. */
const Secret = z.strictObject({ env: z.string().optional(), file: z.string().optional() });
const Listen = z.strictObject({ host: z.string().default('127.0.0.1'), port: z.int().min(0).max(65_535) });
const Tls = z.strictObject({
  ca: z.string().optional().describe('PEM file of the authorities to trust'),
  cert: z.string().optional(),
  key: z.string().optional(),
  serverName: z.string().optional(),
});

export const KafkaConfig = z.strictObject({
  brokers: z.array(z.string()).min(1),
  clientId: z.string().default('driftline'),
  tls: Tls.optional(),
  sasl: z
    .strictObject({
      mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']),
      username: z.string(),
      password: Secret,
    })
    .optional(),
  partitions: z
    .int()
    .min(1)
    .max(512)
    .default(8)
    .describe('Of the activity topic; fixed once the store has seen it'),
  replicationFactor: z.int().min(1).default(1),
});

export const RedisConfig = z.strictObject({
  nodes: z
    .array(z.string())
    .min(1)
    .describe('host:port; one standalone, several Sentinels, or Cluster seeds'),
  layout: z.enum(['standalone', 'sentinel', 'cluster']).default('standalone'),
  sentinelName: z.string().optional(),
  sentinelUsername: z.string().optional(),
  sentinelPassword: Secret.optional(),
  username: z.string().optional(),
  password: Secret.optional(),
  tls: Tls.optional(),
  database: z.int().min(0).default(0),
});

const Effect = z.enum(['read', 'write', 'delete', 'execute', 'send', 'admin', 'unknown']);

export const ServerConfig = z.strictObject({
  url: z.url().optional().describe('Streamable HTTP upstream'),
  command: z.string().optional().describe('stdio upstream'),
  args: z.array(z.string()).default([]),
  env: z.record(z.string(), z.string()).default({}),
  cwd: z.string().optional(),
  trusted: z.boolean().default(false).describe("Believe this server's tool annotations"),
  passToken: z
    .boolean()
    .default(false)
    .describe("Pass the agent's token on when its audience is this server"),
  audience: z.string().optional(),
});

export const GatewayConfig = z.strictObject({
  id: z.string().default('gateway'),
  listen: Listen.prefault({ port: 7400 }),
  servers: z.record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/), ServerConfig).default({}),
  identity: z
    .strictObject({
      issuer: z.string().optional(),
      audience: z.string(),
      jwksFile: z.string().optional(),
      bundleFile: z.string().optional().describe('SPIFFE trust bundle (JWK Set)'),
      required: z.boolean().default(true),
    })
    .optional(),
  decide: z
    .enum(['policy', 'none'])
    .default('policy')
    .describe('policy = ask the authority before the calls the policy names; none = streamed only'),
  failMode: z
    .partialRecord(Effect, z.enum(['open', 'closed']))
    .default({})
    .describe('Overrides; default read open, everything else closed'),
  leaseMs: z.int().min(500).default(5_000),
  authorityUrl: z.url().optional(),
  publicUrl: z.url().optional().describe('How clients reach it, when that is not the address it listens on'),
  hosts: z
    .array(z.string())
    .default([])
    .describe('Host names a gateway on a loopback address answers to, beside localhost (DNS rebinding)'),
  origins: z
    .array(z.string())
    .default([])
    .describe(
      'Origins of web clients, e.g. https://app.example.com; a loopback gateway takes loopback ones too',
    ),
  denials: z
    .enum(['result', 'error'])
    .default('result')
    .describe('A refused tools/call is answered with a tool result (isError) or with a JSON-RPC error'),
});

export const Config = z.strictObject({
  tenant: z.string().min(1).max(64).default('default'),
  storage: z.enum(['embedded', 'servers']).default('embedded'),
  dataDir: z.string().default('.driftline'),
  kafka: KafkaConfig.optional(),
  redis: RedisConfig.optional(),
  policy: z.string().optional().describe('Policy file; the shipped default when absent'),
  maxSkewMs: z.int().min(0).default(30_000),
  engine: z
    .strictObject({
      id: z.string().default('engine'),
      group: z.string().default('driftline-engine'),
      listen: Listen.prefault({ port: 7402 }),
      concurrency: z.int().min(1).max(64).default(4),
      batchEvents: z.int().min(1).max(20_000).default(2_000),
      profile: z.enum(['latency', 'throughput']).default('latency'),
      tickMs: z.int().min(1_000).default(30_000),
      sessionTimeoutMs: z
        .int()
        .min(1_000)
        .max(300_000)
        .default(10_000)
        .describe("Kafka: silence after which a dead engine's partitions go to the others"),
    })
    .prefault({}),
  authority: z
    .strictObject({
      id: z.string().default('authority'),
      listen: Listen.prefault({ port: 7401 }),
      maxTaskTtlMs: z
        .int()
        .min(1_000)
        .default(8 * 3_600_000),
      maxStaleMs: z.int().min(100).default(5_000).describe('State older than this is not current'),
      callers: z
        .array(
          z.strictObject({
            name: z.string(),
            role: z.enum(['orchestrator', 'gateway', 'person']),
            token: Secret,
          }),
        )
        .default([])
        .describe('Empty = generated at first start into dataDir/credentials.json'),
    })
    .prefault({}),
  gateway: GatewayConfig.prefault({}),
});
export type Config = z.infer<typeof Config>;
export type KafkaConfig = z.infer<typeof KafkaConfig>;
export type RedisConfig = z.infer<typeof RedisConfig>;
export type GatewayConfig = z.infer<typeof GatewayConfig>;
export type ServerConfig = z.infer<typeof ServerConfig>;
export type SecretRef = z.infer<typeof Secret>;
export type TlsConfig = z.infer<typeof Tls>;
