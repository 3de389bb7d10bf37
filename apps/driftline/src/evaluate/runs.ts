/** Recorded agent runs, one JSON object a line (gzip or not), and the operator's description of their tools. */
import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { z } from 'zod';
import { EFFECTS } from '#activity/types';
import { CommandError } from '../errors.js';

/** `attacked`: the attack was there, and the agent never saw it or resisted. `partial`: a first step only, judged by neither rate. */
export const LABELS = ['benign', 'attacked', 'hijacked', 'partial'] as const;

const RecordedCall = z.object({
  tool: z.string().min(1),
  args: z.unknown(),
  result: z.string().nullable(),
  error: z.string().nullable(),
});
export type RecordedCall = z.infer<typeof RecordedCall>;

const names = z.array(z.string()).nullable().default(null);
const index = z.number().int().min(0).nullable().default(null);
const Run = z.object({
  id: z.string().min(1),
  source: z.string().min(1),
  suite: z.string().min(1),
  model: z.string(),
  userTask: z.string(),
  injectionTask: z.string().nullable(),
  label: z.enum(LABELS),
  /** Index into `calls` of the first result that carried the attack. */
  exposedAt: index,
  /** Index into `calls` of the harmful call. */
  harmAt: index,
  intent: z.string(),
  plannedTools: names,
  usualTools: names,
  calls: z.array(RecordedCall),
});
export type Run = z.infer<typeof Run>;

/** Longest line read: 32 calls with 4,000 characters each are far below. */
const LINE_MAX_CHARS = 16 * 1024 * 1024;

/** In the order of the files. Throws `CommandError` that names the line when it is not a run. */
export async function* readRuns(paths: readonly string[]): AsyncGenerator<Run> {
  for (const path of paths) {
    let number = 0;
    for await (const line of linesOf(path)) {
      number += 1;
      if (line.trim() !== '') yield parseRun(line, `${path}:${number}`);
    }
  }
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const file = createReadStream(path);
  const input = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  const failed = new Promise<never>((_, reject) => {
    file.once('error', reject);
    input.once('error', reject);
  });
  failed.catch(() => undefined);
  const lines = createInterface({ input, crlfDelay: Infinity })[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([lines.next(), failed]);
    if (next.done) return;
    yield next.value;
  }
}

function parseRun(line: string, at: string): Run {
  if (line.length > LINE_MAX_CHARS) throw new CommandError(`${at}: longer than ${LINE_MAX_CHARS} characters`);
  try {
    return Run.parse(JSON.parse(line));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new CommandError(`${at}: not a recorded run: ${why}`, { cause: error });
  }
}

const Tools = z.record(
  z.string(),
  z.record(
    z.string(),
    z.object({
      effect: z.enum(EFFECTS),
      /** Who writes what it returns. */
      output: z.enum(['own', 'third-party', 'unknown']),
      dataClasses: z.array(z.string()),
    }),
  ),
);
/** By suite, then tool. */
export type Tools = z.infer<typeof Tools>;

/** Throws `CommandError` when the file is no such description. */
export function readTools(path: string): Tools {
  const text = readFileSync(path, 'utf8');
  try {
    return Tools.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new CommandError(`${path}: not a description of tools: ${why}`, { cause: error });
  }
}

/** What an agent is for: all runs of one source and suite. */
export function roleOf({ source, suite }: Pick<Run, 'source' | 'suite'>): string {
  return `${source}/${suite}`;
}

/** Task numbers recur in every suite. Models share tasks, so tasks and not runs are independent. */
export function taskOf(run: Pick<Run, 'source' | 'suite' | 'userTask'>): string {
  return `${roleOf(run)}/${run.userTask}`;
}

/** Neither may lose its access. */
export function isHonest({ label }: Pick<Run, 'label'>): boolean {
  return label === 'benign' || label === 'attacked';
}
