/** An MCP server of both revisions over stdio, for tests of the gateway: `node stdio-server.mjs`. */
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

const text = (value) => ({ content: [{ type: 'text', text: value }] });

serveStdio(() => {
  const server = new McpServer(
    { name: 'stdio-server', version: '1' },
    { capabilities: { tools: { listChanged: true } } },
  );
  server.registerTool('read_pid', { inputSchema: z.object({}) }, () => text(String(process.pid)));
  server.registerTool('read_environment', { inputSchema: z.object({ name: z.string() }) }, ({ name }) =>
    text(String(process.env[name])),
  );
  server.registerTool('read_crash', { inputSchema: z.object({}) }, () => process.exit(3));
  server.registerTool(
    'read_slow',
    { inputSchema: z.object({ ms: z.number(), tag: z.string() }) },
    async ({ ms, tag }, ctx) => {
      const progressToken = ctx.mcpReq._meta?.progressToken;
      for (let progress = 1; progress <= 3; progress += 1) {
        if (progressToken !== undefined) {
          await ctx.mcpReq.notify({
            method: 'notifications/progress',
            params: { progressToken, progress, message: tag },
          });
        }
        await new Promise((resolve) => setTimeout(resolve, ms / 3));
        if (ctx.mcpReq.signal.aborted) process.stderr.write(`aborted ${tag}\n`);
      }
      return text(tag);
    },
  );
  server.registerTool('read_asking', { inputSchema: z.object({}) }, async (_args, ctx) => {
    const answer = await ctx.mcpReq.elicitInput({
      message: 'Who?',
      requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
    });
    return text(JSON.stringify(answer.content));
  });
  return server;
});
