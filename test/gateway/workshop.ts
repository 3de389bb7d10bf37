/** Tools for these tests on a real MCP server: they say what reached them, in either revision. */
import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { startEverything, type EverythingServer } from '../servers/mcp-everything/server.js';

export interface Workshop extends EverythingServer {
  /** What ran, in order: `write_slow started`, `write_slow done`, `write_slow aborted` … */
  events: string[];
}

export async function startWorkshop(): Promise<Workshop> {
  const events: string[] = [];
  const server = await startEverything({ extend: (mcp) => addTools(mcp, events) });
  return Object.assign(server, { events });
}

function addTools(mcp: McpServer, events: string[]): void {
  mcp.registerTool(
    'write_slow',
    {
      description: 'Writes something, slowly',
      inputSchema: z.object({ ms: z.number(), note: z.string().optional() }),
    },
    async ({ ms }, ctx) => {
      events.push('write_slow started');
      const progressToken = ctx.mcpReq._meta?.progressToken;
      if (progressToken !== undefined) {
        await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: 1 } });
      }
      const aborted = await new Promise<boolean>((resolve) => {
        setTimeout(() => resolve(false), ms);
        ctx.mcpReq.signal.addEventListener('abort', () => resolve(true));
      });
      events.push(aborted ? 'write_slow aborted' : 'write_slow done');
      return { content: [{ type: 'text', text: 'written' }] };
    },
  );
  mcp.registerTool(
    'read_note',
    { description: 'Reads a note', inputSchema: z.object({ ms: z.number().optional() }) },
    async ({ ms }) => {
      events.push('read_note');
      await new Promise((resolve) => setTimeout(resolve, ms ?? 0));
      return { content: [{ type: 'text', text: 'Write to jo@example.com about the invoice.' }] };
    },
  );
  mcp.registerTool(
    'write_note',
    { description: 'Writes a note', inputSchema: z.object({ note: z.string() }) },
    ({ note }) => {
      events.push(`write_note ${note}`);
      return { content: [{ type: 'text', text: 'ok' }] };
    },
  );
}
