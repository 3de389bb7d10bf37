/** What came of cases, in words: what differed, and what the core said instead. */
import type { Mismatch, Outcome } from './run.js';
import type { RanFile } from './file.js';

/** One line for each file, and for each case that failed what was expected, what came, and why. */
export function casesText(files: readonly RanFile[]): string {
  const lines = files.flatMap((file) => {
    const failed = file.cases.filter(({ outcome }) => outcome.mismatches.length > 0);
    const count = `${file.cases.length - failed.length} of ${file.cases.length} passed`;
    return [
      `${file.path}: ${count}`,
      ...failed.flatMap(({ title, line, outcome }) => [
        '',
        `  FAILED ${title} (${file.path}:${line})`,
        ...outcome.mismatches.flatMap(differenceLines),
        ...happenedLines(outcome),
      ]),
      ...(failed.length > 0 ? [''] : []),
    ];
  });
  return lines.join('\n');
}

function differenceLines({ what, expected, got }: Mismatch): string[] {
  if (Array.isArray(expected) && Array.isArray(got)) return [`    ${what}`, ...listLines(expected, got)];
  return [`    ${what}: expected ${shown(expected)}, got ${shown(got)}`];
}

/** What is in both stands plain, what is missing with `-`, what came besides with `+`. */
function listLines(expected: readonly unknown[], got: readonly unknown[]): string[] {
  const left = [...got];
  const lines = expected.map((one) => {
    const at = left.indexOf(one);
    if (at < 0) return `      - ${shown(one)}`;
    left.splice(at, 1);
    return `        ${shown(one)}`;
  });
  const more = left.map((one) => `      + ${shown(one)}`);
  const moved = lines.every((line) => line.startsWith('        ')) && more.length === 0;
  return moved ? [`      in another order: ${got.map(shown).join(', ')}`] : [...lines, ...more];
}

function happenedLines({ assessment, verdict }: Outcome): string[] {
  if (assessment === null) return [];
  const { risk, level, evidence, findings } = assessment;
  const answer = verdict === null ? '' : verdict.allowed ? ', allowed' : `, refused: ${verdict.reason}`;
  return [
    `    what happened: risk ${risk.toFixed(1)} (${level})${answer}`,
    ...evidence.map((one) => `      ${one.key} weighs ${one.weight.toFixed(2)}: ${one.explanation}`),
    ...findings.map((one) => `      ${one.rule}: ${one.title}${one.observed ? ' (observed)' : ''}`),
  ];
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
