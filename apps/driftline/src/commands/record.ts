/** `driftline record OUT`: the activity log as JSON lines. */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { loadConfig } from '#config';
import { openLog } from '#stream';
import { recordingLines } from '../recording.js';

export async function record(out: string, options: { config?: string }): Promise<void> {
  const { config } = loadConfig({ path: options.config });
  const log = await openLog(config);
  let count = 0;
  async function* lines(): AsyncGenerator<string> {
    for await (const line of recordingLines(log)) {
      count += 1;
      yield `${line}\n`;
    }
  }
  try {
    await pipeline(Readable.from(lines()), createWriteStream(out, { mode: 0o600 }));
  } finally {
    await log.close();
  }
  process.stdout.write(`${count} lines written to ${out}\n`);
}
