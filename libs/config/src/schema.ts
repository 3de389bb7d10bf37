/**
 * The one configuration of every Driftline process: `driftline.yaml`, then environment variables for what is secret.
 * Read and validated once at start by `loadConfig`; a wrong one stops the start with every mistake listed.
 * `schemas/driftline.schema.json` is generated from here.
 */
import { z } from 'zod';

/** A secret: given as environment variable name or file, never in the file itself. */
const Secret = z.strictObject({
  env: z.string().optional().describe('Environment variable that holds it'),
  file: z.string().optional().describe('File that holds it'),
});
const listenAt = (port: number) =>
  z
    .strictObject({
      host: z.string().default('127.0.0.1'),
      port: z.int().min(0).max(65_535).default(port).describe('0 = any free port'),
    })
    .prefault({});
const Tls = z.strictObject({
  ca: z.string().optional().describe('PEM file of the authorities to trust'),
  cert: z.string().optional().describe('PEM file of the own certificate, where the server asks for one'),
  key: z.string().optional().describe('PEM file of its key'),
  serverName: z.string().optional().describe('Name in the certificate, when it is not the host'),
});

export const KafkaConfig = z.strictObject({
  brokers: z.array(z.string()).min(1).describe('host:port of some; the others are found'),
  clientId: z.string().default('driftline').describe('What Kafka calls it in quotas and logs'),
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
  replicationFactor: z.int().min(1).default(1).describe('Of topics that it creates'),
});

export const RedisConfig = z.strictObject({
  nodes: z
    .array(z.string())
    .min(1)
    .describe('host:port; one standalone, several Sentinels, or Cluster seeds'),
  layout: z.enum(['standalone', 'sentinel', 'cluster']).default('standalone').describe('What nodes are'),
  sentinelName: z.string().optional().describe('The name the Sentinels know the primary by'),
  sentinelUsername: z.string().optional(),
  sentinelPassword: Secret.optional(),
  username: z.string().optional().describe('User of an ACL'),
  password: Secret.optional(),
  tls: Tls.optional(),
  database: z.int().min(0).default(0),
});

const Effect = z.enum(['read', 'write', 'delete', 'execute', 'send', 'admin', 'unknown']);

export const ServerConfig = z.strictObject({
  url: z.url().optional().describe('Streamable HTTP upstream'),
  command: z.string().optional().describe('stdio upstream'),
  args: z.array(z.string()).default([]).describe('Of the command'),
  env: z
    .record(z.string(), z.string())
    .default({})
    .describe("Environment of the command; the gateway's own is not passed on"),
  cwd: z.string().optional().describe('Working directory of the command'),
  trusted: z.boolean().default(false).describe("Believe this server's tool annotations"),
  passToken: z
    .boolean()
    .default(false)
    .describe("Pass the agent's token on when its audience is this server"),
  audience: z.string().optional().describe('Audience that stands for this server in a token'),
});

export const GatewayConfig = z.strictObject({
  id: z
    .string()
    .default('gateway')
    .describe('In receipts, alarms and the name of its spool; one per gateway'),
  listen: listenAt(7400),
  servers: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/), ServerConfig)
    .default({})
    .describe('MCP servers by name; each is reached at /mcp/<name>'),
  identity: z
    .strictObject({
      issuer: z.string().optional().describe('Of access tokens'),
      audience: z.string().describe('A token has to name it'),
      jwksFile: z.string().optional().describe("The issuer's keys (JWK Set)"),
      bundleFile: z.string().optional().describe('SPIFFE trust bundle (JWK Set)'),
      required: z.boolean().default(true).describe('false = without a token an agent is asserted'),
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
  leaseMs: z
    .int()
    .min(2_500)
    .default(5_000)
    .describe('Without a confirmed position in the revocations for so long, the fail mode applies'),
  authorityUrl: z.url().optional().describe('When it is not where authority.listen says'),
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
  tenant: z
    .string()
    .min(1)
    .max(64)
    .default('default')
    .describe('Agents, keys and tasks of one are apart from those of another'),
  storage: z
    .enum(['embedded', 'servers'])
    .default('embedded')
    .describe('embedded = log and store under dataDir, one process; servers = Kafka and Redis'),
  dataDir: z
    .string()
    .default('.driftline')
    .describe('Embedded log and store, spool, value keys, generated credentials'),
  kafka: KafkaConfig.optional(),
  redis: RedisConfig.optional(),
  policy: z
    .string()
    .optional()
    .describe('Policy file, activated when nothing is active yet; the shipped default when absent'),
  maxSkewMs: z.int().min(0).default(30_000).describe("How far an activity's time may be from the log's"),
  engine: z
    .strictObject({
      id: z.string().default('engine').describe('In alarms and log lines'),
      group: z.string().default('driftline-engine').describe('Engines of one group share the partitions'),
      listen: listenAt(7402),
      concurrency: z.int().min(1).max(64).default(4).describe('Partitions in work at once'),
      batchEvents: z.int().min(1).max(20_000).default(2_000).describe('Records in a batch, at most'),
      profile: z.enum(['latency', 'throughput']).default('latency').describe('How it fetches'),
      tickMs: z.int().min(1_000).default(30_000).describe('How often each partition is given a Tick'),
      sessionTimeoutMs: z
        .int()
        .min(1_000)
        .max(300_000)
        // The least that a broker allows by its own default. Until the others have its partitions, decisions about their
        // agents follow the fail mode; a member that is wrongly taken for dead is fenced by the marker, and costs a rebalance.
        .default(6_000)
        .describe("Kafka: silence after which a dead engine's partitions go to the others"),
    })
    .prefault({}),
  authority: z
    .strictObject({
      id: z.string().default('authority').describe('In records and log lines'),
      listen: listenAt(7401),
      maxTaskTtlMs: z
        .int()
        .min(1_000)
        .default(8 * 3_600_000)
        .describe('Longest time to live of a task'),
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
