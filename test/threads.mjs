/**
 * Loaded into every process that runs tests. Tests run from sources, which the test runner translates; a thread that they
 * start has no runner, so it is taught here to find and translate sources by itself.
 */
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { register as translate } from 'tsx/esm/api';

if (!isMainThread) {
  translate();
  register('./threads-sources.mjs', import.meta.url);
}
