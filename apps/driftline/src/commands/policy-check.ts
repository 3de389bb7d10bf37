/** `driftline policy check [FILE]`: everything wrong with a policy, with its place. Exit code 1 on mistakes, 2 when it cannot be read. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { loadConfig } from '#config';
import { checkPolicyText, type Checked, type Remark } from '#policy';

export interface CheckOptions {
  config?: string;
  json?: boolean;
  /** Warnings count as mistakes. */
  strict?: boolean;
}

export function checkFile(file: string | undefined, options: CheckOptions): void {
  const path = file ?? configuredPolicy(options.config);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    process.stderr.write(`driftline: ${(error as Error).message}\n`);
    process.exitCode = 2;
    return;
  }
  const checked = checkPolicyText(path, text, Date.now());
  process.stdout.write(
    options.json ? `${JSON.stringify(asData(path, checked), null, 2)}\n` : asText(path, checked),
  );
  const counts = (remark: Remark) => remark.severity === 'mistake' || options.strict === true;
  process.exitCode = checked.remarks.some(counts) ? 1 : 0;
}

/** The policy of the configuration, or the shipped one. */
export function configuredPolicy(config: string | undefined): string {
  const configured = loadConfig({ path: config }).config.policy;
  return configured ?? createRequire(import.meta.url).resolve('#assets/policy/default.yaml');
}

function asData(file: string, { policy, remarks }: Checked) {
  return { file, ok: policy !== null, digest: policy?.digest ?? null, remarks };
}

function asText(file: string, { policy, remarks }: Checked): string {
  const lines = remarks.map(({ line, column = 1, severity, path, message, rule }) => {
    const what = severity === 'mistake' ? '' : ` [${rule}]`;
    return `${file}:${line}:${column}: ${severity}: ${path === '' ? '' : `${path}: `}${message}${what}`;
  });
  const mistakes = remarks.filter(({ severity }) => severity === 'mistake').length;
  const warnings = remarks.length - mistakes;
  const digest = policy === null ? '' : `, digest ${policy.digest}`;
  return [
    ...lines,
    `${file}: ${counted(mistakes, 'mistake')}, ${counted(warnings, 'warning')}${digest}`,
    '',
  ].join('\n');
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
