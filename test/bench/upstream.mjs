/** An MCP server that does nothing but answer, in a process of its own: what is left is the way to it. */
import { createServer } from 'node:http';

const TOOLS = ['read_text_file', 'write_file'].map((name) => ({ name, inputSchema: { type: 'object' } }));

function resultOf({ method, params }) {
  if (method === 'initialize') {
    const serverInfo = { name: 'bench-upstream', version: '1' };
    return { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo };
  }
  if (method === 'tools/list') return { tools: TOOLS };
  return { content: [{ type: 'text', text: 'Revenue grew. Support answered tickets.' }] };
}

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  if (request.method !== 'POST') return void response.writeHead(405).end();
  const message = JSON.parse(Buffer.concat(chunks).toString());
  if (message.id === undefined) return void response.writeHead(202).end();
  const session = message.method === 'initialize' ? { 'mcp-session-id': 'bench' } : {};
  response.writeHead(200, { 'content-type': 'application/json', ...session });
  response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result: resultOf(message) }));
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${server.address().port}/mcp\n`));
