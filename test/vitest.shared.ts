import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Sources, not `dist`: `#name` means `libs/name` or `apps/name`, as in package.json `imports`. */
export const alias = [
  { find: /^#activity\/types$/, replacement: `${root}libs/activity/src/types.ts` },
  { find: /^#(engine|authority|gateway)$/, replacement: `${root}apps/$1/src/index.ts` },
  {
    find: /^#(activity|drift|policy|revocation|identity|stream|store|telemetry|config|access|observation)$/,
    replacement: `${root}libs/$1/src/index.ts`,
  },
];

/** So that threads which tests start run from sources too. */
export const threads = ['--import', new URL('./threads.mjs', import.meta.url).href];
