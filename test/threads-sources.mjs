/** `#name` is a source, as for the tests (`test/vitest.shared.ts`), and so is a `.js` beside which only a `.ts` lies. */
import { existsSync } from 'node:fs';

const ROOT = new URL('..', import.meta.url);
const APPS = ['engine', 'authority', 'gateway'];

export async function resolve(specifier, context, next) {
  const name = /^#([a-z]+)$/.exec(specifier)?.[1];
  if (specifier === '#activity/types') return next(new URL('libs/activity/src/types.ts', ROOT).href, context);
  if (name)
    return next(new URL(`${APPS.includes(name) ? 'apps' : 'libs'}/${name}/src/index.ts`, ROOT).href, context);
  const { href, protocol } = URL.canParse(specifier, context.parentURL)
    ? new URL(specifier, context.parentURL)
    : {};
  if (protocol === 'file:' && href.endsWith('.js') && !existsSync(new URL(href))) {
    const source = href.replace(/\.js$/, '.ts');
    if (existsSync(new URL(source))) return next(source, context);
  }
  return next(specifier, context);
}
