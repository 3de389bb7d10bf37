/** Thresholds as a file: a versioned artifact named by its digest, made by `driftline policy calibrate`. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonical } from '../canonical.js';
import { fromDisk, mistakeIn, readJson, type ReadText } from '../read-text.js';

/** Names the form of the file; a form that means something else gets another name. */
export const THRESHOLDS_SCHEMA = 'driftline.thresholds.v1';
/** Entries of one file; it travels inside the policy. */
export const ENTRIES_MAX = 1_024;

const Risk = z.number().gt(0).max(100);
const Count = z.int().min(0);
const Levels = z
  .strictObject({ elevated: Risk, high: Risk, critical: Risk, hysteresis: z.number().min(0).max(50) })
  .refine(
    ({ elevated, high, critical, hysteresis }) => hysteresis < elevated && elevated < high && high < critical,
    'expected hysteresis < elevated < high < critical',
  );

const Entry = z.strictObject({
  /** Null = any. */
  tenant: z.string().nullable(),
  role: z.string().nullable(),
  kind: z.string().nullable(),
  levels: Levels,
  /** The budget that it was found for. */
  interruptOneIn: z.int().min(2),
  /** Honest tasks that it was found on, and how many of them reach `high`. */
  tasks: Count,
  interrupted: Count,
  /** With the confidence of the file the true share of interrupted tasks is at most this. */
  atMost: z.number().min(0).max(1),
});
export type ThresholdEntry = z.output<typeof Entry>;

const Contents = {
  /** Digest of the policy that judged, without its thresholds. */
  policy: z.string().length(64),
  /** What was recorded: times of the first and the last activity, and how much. */
  data: z.strictObject({ fromMs: z.number(), toMs: z.number(), agents: Count, tasks: Count, honest: Count }),
  confidence: z.number().gt(0).lt(1),
  entries: z.array(Entry).max(ENTRIES_MAX),
};
const ThresholdsFile = z.strictObject({
  schema: z.literal(THRESHOLDS_SCHEMA),
  digest: z.string(),
  ...Contents,
});
export type ThresholdsFile = z.output<typeof ThresholdsFile>;

/** Names contents by what they say. */
export function sealThresholds(contents: Omit<ThresholdsFile, 'schema' | 'digest'>): ThresholdsFile {
  return { schema: THRESHOLDS_SCHEMA, digest: digestOfContents(contents), ...contents };
}

function digestOfContents(contents: Omit<ThresholdsFile, 'schema' | 'digest'>): string {
  return createHash('sha256')
    .update(canonical({ schema: THRESHOLDS_SCHEMA, ...contents }))
    .digest('hex');
}

export function thresholdsText(file: ThresholdsFile): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** Throws `PolicyError` that says what is wrong with the file. */
export function loadThresholds(path: string, read: ReadText = fromDisk): ThresholdsFile {
  const parsed = ThresholdsFile.safeParse(readJson(path, read));
  if (!parsed.success) throw mistakeIn(path, `not thresholds: ${z.prettifyError(parsed.error)}`);
  const { schema: _schema, digest, ...contents } = parsed.data;
  const computed = digestOfContents(contents);
  if (digest !== computed) {
    throw mistakeIn(
      path,
      `its digest says ${digest}, its contents ${computed}: it was changed; calibrate again`,
    );
  }
  return parsed.data;
}
