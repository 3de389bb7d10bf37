/** Runs the official MCP conformance suite against a server and gives what it says, check by check. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Revision = '2025-11-25' | '2026-07-28';

export interface Check {
  scenario: string;
  id: string;
  status: string;
}

const folder = fileURLToPath(new URL('mcp-suite/', import.meta.url));
const node = join(folder, 'node_modules/node/bin/node');
const suite = join(folder, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');
const INSTALL_MAX_MS = 180_000;
const RUN_MAX_MS = 240_000;

/** Installs the suite and its own Node.js beside it, once. Returns why it cannot be run, null when it can. */
export async function prepareSuite(): Promise<string | null> {
  if (existsSync(node) && existsSync(suite)) return null;
  const { code, output } = await run('npm', ['ci', '--no-audit', '--no-fund'], INSTALL_MAX_MS, folder);
  if (code === 0 && existsSync(node) && existsSync(suite)) return null;
  return `npm ci in test/conformance/mcp-suite ended with ${code}: ${output.slice(-500)}`;
}

/** Every check of every server scenario of this revision, in the suite's order. */
export async function runSuite(url: string, revision: Revision): Promise<Check[]> {
  const out = mkdtempSync(join(tmpdir(), 'driftline-conformance-'));
  try {
    const args = [suite, 'server', '--url', url, '--requirements', revision, '--output-dir', out];
    const { output } = await run(node, args, RUN_MAX_MS);
    const results = readdirSync(out).flatMap((name) => readChecks(out, name));
    if (results.length === 0) throw new Error(`the suite gave no results: ${output.slice(-2_000)}`);
    return results;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

function readChecks(out: string, name: string): Check[] {
  const scenario = name.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT.*$/, '');
  const checks = JSON.parse(readFileSync(join(out, name, 'checks.json'), 'utf8')) as {
    id: string;
    status: string;
  }[];
  return checks.map(({ id, status }) => ({ scenario, id, status }));
}

function run(
  command: string,
  args: string[],
  maxMs: number,
  cwd?: string,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: maxMs });
    let output = '';
    const keep = (chunk: Buffer): void => void (output += chunk.toString('utf8'));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
