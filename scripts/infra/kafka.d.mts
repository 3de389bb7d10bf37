import type { ServerProcess } from './tools.mjs';

export interface KafkaNode {
  dir: string;
  port: number;
  server: ServerProcess;
}
export const KAFKA_VERSION: string;
export function kafkaJars(): string;
export function startKafkaNode(options: {
  dir: string;
  port?: number;
  fast?: boolean;
  keep?: boolean;
  properties?: Record<string, string | number | boolean>;
  listener?: { name: 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'; port: number };
  advertisedPort?: number;
}): Promise<KafkaNode>;
export function restartKafkaNode(node: KafkaNode): Promise<KafkaNode>;
