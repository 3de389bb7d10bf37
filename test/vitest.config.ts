import { defineConfig } from 'vitest/config';
import { alias, threads } from './vitest.shared.js';

/** Tests against real Kafka, Redis, MCP servers and processes. `test/servers/setup.ts` starts what they need. */
export default defineConfig({
  resolve: { alias },
  test: {
    execArgv: threads,
    name: 'servers',
    include: ['test/**/*.int.spec.ts', 'test/**/*.e2e.spec.ts'],
    globalSetup: ['test/servers/setup.ts'],
    fileParallelism: false,
    reporters: ['verbose', './test/closing-line.reporter.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
