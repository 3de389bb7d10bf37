/**
 * Adds golden bytes: encodes every `v<n>/<name>.json` that has no `.bin` beside it with the current schema. It never rewrites
 * one: bytes that were once written must be readable for ever. Run after `npm run build`: `node test/golden/add.mjs`.
 *
 * Changing a schema: keep the old file as `schemas/old/<name>.<n>.avsc`, write a record of the new one as JSON here (a new
 * folder `v<n>` or a new name), run this, commit both. `{"$hex": "…"}` stands for bytes.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createCodec } from '#activity';

/** Golden records are small; dead letters may be larger than the usual limit. */
const MAX_BYTES = 1_048_576;
const folder = new URL('./', import.meta.url);
const reviveBytes = (_key, value) =>
  value !== null && typeof value === 'object' && typeof value.$hex === 'string' ? Buffer.from(value.$hex, 'hex') : value;

for (const version of readdirSync(folder).filter((name) => /^v\d+$/.test(name))) {
  const files = readdirSync(new URL(`${version}/`, folder));
  for (const file of files.filter((name) => name.endsWith('.json'))) {
    const bin = file.replace(/\.json$/, '.bin');
    if (files.includes(bin)) continue;
    const { schema, record } = JSON.parse(readFileSync(new URL(`${version}/${file}`, folder), 'utf8'), reviveBytes);
    writeFileSync(new URL(`${version}/${bin}`, folder), createCodec(schema, { maxBytes: MAX_BYTES }).encode(record), { flag: 'wx' });
    process.stdout.write(`added ${version}/${bin}\n`);
  }
}
