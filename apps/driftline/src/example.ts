/** What `driftline up` proxies when nobody configured a server: the official filesystem server on a scratch folder. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

export const EXAMPLE_SERVER = 'files';

const FILES: Record<string, string> = {
  'reports/q3.md': '# Third quarter\n\nRevenue grew by 4 %. Support answered 1,204 tickets.\n',
  'reports/notes.md': '- compare with the second quarter\n- ask Dana for the ticket export\n',
  // The documentation's own example key: real in form, worth nothing.
  'secrets/deploy.env':
    'AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\nAWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n',
  'website/index.html': '<h1>Welcome</h1>\n',
};

/** Files that are there are left alone. Returns the absolute path. */
export function exampleFolder(parent: string): string {
  const folder = resolve(parent, 'example');
  for (const [name, text] of Object.entries(FILES)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    if (!existsSync(path)) writeFileSync(path, text);
  }
  return folder;
}

/** A `servers` entry of the configuration for the filesystem server on `folder`. */
export function filesystemServer(folder: string): { command: string; args: string[] } {
  const manifest = createRequire(import.meta.url).resolve(
    '@modelcontextprotocol/server-filesystem/package.json',
  );
  return { command: process.execPath, args: [join(dirname(manifest), 'dist/index.js'), folder] };
}
