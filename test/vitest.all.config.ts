import { defineConfig } from 'vitest/config';

/** `npm test`: the unit tests, then everything that needs servers. */
export default defineConfig({
  test: {
    projects: ['test/vitest.unit.config.ts', 'test/vitest.config.ts'],
    reporters: ['default', './test/closing-line.reporter.ts'],
  },
});
