/** `driftline demo`: the story, inline and streamed, on the embedded default or on real servers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tell, type StoryOutcome } from '../demo/story.js';
import { Narrator } from '../demo/narrator.js';
import { CommandError } from '../errors.js';
import { openRuntime, type Runtime } from '../runtime.js';
import { View } from '../view.js';

interface DemoOptions {
  kafka?: boolean;
  json?: string;
}

export async function demo(options: DemoOptions): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'driftline-'));
  const storage = options.kafka ? await servers() : { storage: 'embedded' };
  const mode = options.kafka ? 'kafka' : 'embedded';
  const narrator = new Narrator(new View(process.stdout.isTTY));
  try {
    const inline = await scene('inline', dataDir, storage, narrator);
    const streamed = await scene('streamed', dataDir, storage, narrator);
    summary(inline, streamed);
    if (options.json !== undefined)
      writeFileSync(options.json, `${JSON.stringify({ mode, inline, streamed }, null, 2)}\n`);
    const failures = mistakes(inline, streamed);
    if (failures.length > 0)
      throw new CommandError(`the story did not end as it should: ${failures.join('; ')}`);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function scene(
  mode: 'inline' | 'streamed',
  dataDir: string,
  storage: Record<string, unknown>,
  narrator: Narrator,
): Promise<StoryOutcome> {
  narrator.chapter(
    mode === 'inline'
      ? 'Inline: every call that is not a read is decided before it runs'
      : 'Streamed: calls run and are reported; the revocation follows',
  );
  const runtime = await openDemo(join(dataDir, mode), storage);
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  try {
    return await Promise.race([tell(mode, runtime, narrator, fail), failed]);
  } finally {
    await runtime.close();
  }
}

function openDemo(dataDir: string, storage: Record<string, unknown>): Promise<Runtime> {
  const anyPort = { host: '127.0.0.1', port: 0 };
  const overrides = {
    ...storage,
    dataDir,
    engine: { listen: anyPort },
    authority: { listen: anyPort },
    gateway: { listen: anyPort },
  };
  return openRuntime({ overrides, service: 'demo', logLevel: 'error', ignoreFile: true });
}

/** Endpoints from the environment, or started like `npm run infra:up` does. */
async function servers(): Promise<Record<string, unknown>> {
  const { up } = await import('#infra');
  const { kafka, redis } = await up();
  process.stdout.write(
    `Kafka at ${kafka.endpoint}, Redis at ${redis.endpoint}; \`npm run infra:down\` stops what was started\n`,
  );
  return {
    storage: 'servers',
    kafka: { brokers: kafka.endpoint.split(',') },
    redis: { nodes: redis.endpoint.split(',') },
  };
}

function mistakes(inline: StoryOutcome, streamed: StoryOutcome): string[] {
  const found: string[] = [];
  if (inline.harmDone) found.push('inline, the drifting write was done');
  for (const [name, outcome] of Object.entries({ inline, streamed })) {
    if (!outcome.contained) found.push(`${name}: not every gateway acknowledged`);
    if (!outcome.resumed) found.push(`${name}: work did not go on after the context check`);
    if (!outcome.lateRefused) found.push(`${name}: the late call was not refused`);
  }
  return found;
}

function summary(inline: StoryOutcome, streamed: StoryOutcome): void {
  const list = (values: number[]) => values.map((value) => `${value.toFixed(0)} ms`).join(' and ');
  process.stdout.write(`
Inline:   the first drifting call was ${inline.harmDone ? 'NOT ' : ''}refused, answered in ${inline.decisionMs.toFixed(1)} ms; no harm was done.
Streamed: ${list(streamed.enforcedMs)} from the report of the drifting call to the first call refused at each gateway.
`);
}
