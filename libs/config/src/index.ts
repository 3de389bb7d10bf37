export {
  Config,
  GatewayConfig,
  KafkaConfig,
  RedisConfig,
  ServerConfig,
  type SecretRef,
  type TlsConfig,
} from './schema.js';
export {
  DEFAULT_CONFIG_FILE,
  loadConfig,
  type LoadedConfig,
  type LoadOptions,
  type Sources,
} from './load.js';
export { ConfigError, type Mistake } from './mistake.js';
export { SecretError, resolveSecret } from './secret.js';
export { OVERRIDES, type Environment } from './environment.js';
export { configJsonSchema } from './json-schema.js';
