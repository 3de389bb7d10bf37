/** `driftline up` as somebody runs it, an MCP server behind it, and agents that work through it with the official client. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { McpServer } from '@modelcontextprotocol/server';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { Role } from '#access';
import { connect } from '../gateway/world.js';
import { startEverything } from '../servers/mcp-everything/server.js';

export const COMMAND = fileURLToPath(new URL('../../bin/driftline.js', import.meta.url));
const START_DEADLINE_MS = 30_000;
const ANY_PORT = { listen: { port: 0 } };

export interface Office {
  dir: string;
  /** Path of `driftline.yaml`. */
  config: string;
  /** Opens a task for an asserted agent, does these calls in it, ends it. */
  work(agent: string, kind: string, calls: Call[]): Promise<Done>;
  ask(role: Role, method: string, path: string, body?: unknown): Promise<any>;
  /** Ends `driftline up`, so that its log can be read; the folder stays. */
  close(): Promise<void>;
  /** Takes everything away. */
  stop(): Promise<void>;
}

export type Call = [tool: string, args: Record<string, unknown>];
export interface Done {
  task: string;
  /** Of each call. */
  refused: boolean[];
}

/** `policy`: YAML of the policy that judges. */
export async function openOffice(policy: string): Promise<Office> {
  const dir = mkdtempSync(join(tmpdir(), 'driftline-office-'));
  const config = join(dir, 'driftline.yaml');
  const server = await startEverything({ extend: addTools });
  writeFileSync(join(dir, 'policy.yaml'), policy);
  const settings = {
    dataDir: join(dir, 'data'),
    policy: join(dir, 'policy.yaml'),
    engine: ANY_PORT,
    authority: ANY_PORT,
    gateway: { ...ANY_PORT, servers: { office: { url: server.url } } },
  };
  writeFileSync(config, stringify(settings));
  const child = spawn(process.execPath, [COMMAND, 'up', '--config', config], { cwd: dir });
  const { gateway, authority } = await addresses(child);
  const close = async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  const { callers } = JSON.parse(readFileSync(join(dir, 'data/credentials.json'), 'utf8')) as {
    callers: { role: Role; token: string }[];
  };
  const ask: Office['ask'] = async (role, method, path, body) => {
    const { token } = callers.find((caller) => caller.role === role)!;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(authority + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  };
  return {
    dir,
    config,
    ask,
    work: async (agent, kind, calls) => {
      const scope = { effects: ['read', 'write'], resources: [`/${agent}/**`, '/shared/**'] };
      const { task } = await ask('orchestrator', 'POST', '/tasks', {
        agent,
        assurance: 'asserted',
        principal: 'dana',
        intent: `Write the report of ${agent}.`,
        scope: { tools: null, destinations: null, dataClasses: null, ...scope },
        kind,
        ttlMs: 600_000,
      });
      const headers = { 'x-driftline-agent': agent, 'x-driftline-task': task };
      const client = await connect(`${gateway}/mcp/office`, { headers });
      const refused: boolean[] = [];
      for (const [name, args] of calls) {
        refused.push((await client.callTool({ name, arguments: args })).isError === true);
      }
      await client.close();
      return { task, refused };
    },
    close,
    stop: async () => {
      await close();
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function addTools(mcp: McpServer): void {
  const answer = (text: string) => ({ content: [{ type: 'text' as const, text }] });
  const path = z.object({ path: z.string() });
  mcp.registerTool('read_paper', { inputSchema: path }, ({ path: name }) => answer(`Notes on ${name}.`));
  mcp.registerTool('read_salaries', { inputSchema: path }, () => answer('Jo 1, Kim 2, Lee 3'));
  mcp.registerTool('write_paper', { inputSchema: path }, () => answer('written'));
  mcp.registerTool('send_paper', { inputSchema: z.object({ to: z.string() }) }, () => answer('sent'));
}

async function addresses(child: ChildProcess): Promise<{ gateway: string; authority: string }> {
  let output = '';
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`driftline up ${why}:\n${output}`));
    const timer = setTimeout(() => fail('did not serve in time'), START_DEADLINE_MS);
    child.once('exit', (code) => fail(`ended with ${code}`));
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const found = (name: string) => new RegExp(`^ +${name} +(http\\S+)$`, 'm').exec(output)?.[1];
      const [gateway, authority] = [found('gateway'), found('authority')];
      if (gateway === undefined || authority === undefined) return;
      clearTimeout(timer);
      resolve({ gateway, authority });
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
  });
}
