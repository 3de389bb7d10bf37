import { defineConfig } from 'vitest/config';
import { alias, threads } from './vitest.shared.js';

/** Fast tests that need no server: they sit beside the code as `*.spec.ts`, or under `test/unit`. */
export default defineConfig({
  resolve: { alias },
  test: {
    execArgv: threads,
    name: 'unit',
    include: ['libs/**/*.spec.ts', 'apps/**/*.spec.ts', 'test/unit/**/*.spec.ts', 'test/issues/**/*.spec.ts'],
    exclude: ['**/node_modules/**', '**/*.int.spec.ts', '**/*.e2e.spec.ts'],
    testTimeout: 10_000,
    reporters: ['default', './test/closing-line.reporter.ts'],
  },
});
