/**
 * A real MCP server on the official packages that answers what the official conformance suite asks, in both revisions:
 * 2025-11-25 with sessions and resumable streams, 2026-07-28 stateless.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createMcpHandler,
  isLegacyRequest,
  McpServer,
  type EventStore,
  type JSONRPCMessage,
} from '@modelcontextprotocol/server';
import {
  localhostHostValidation,
  localhostOriginValidation,
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
  toWebRequest,
} from '@modelcontextprotocol/node';
import { addPrompts, addResources } from './content.js';
import { addTools, stateCodec, type Notifier } from './tools.js';

export interface EverythingServer {
  url: string;
  stop(): Promise<void>;
}

export interface EverythingOptions {
  /** More tools for the test at hand. */
  extend?: (server: McpServer) => void;
}

export function buildServer(notifier: Notifier | null, options: EverythingOptions = {}): McpServer {
  const server = new McpServer(
    { name: 'mcp-everything', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        completions: {},
        logging: {},
      },
      requestState: { verify: stateCodec.verify },
    },
  );
  addTools(
    server,
    notifier ?? {
      toolsChanged: () => server.sendToolListChanged(),
      promptsChanged: () => server.sendPromptListChanged(),
    },
  );
  addResources(server);
  addPrompts(server);
  server.server.setRequestHandler('resources/subscribe', () => ({}));
  server.server.setRequestHandler('resources/unsubscribe', () => ({}));
  options.extend?.(server);
  return server;
}

export async function startEverything(options: EverythingOptions = {}): Promise<EverythingServer> {
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  const modern = createMcpHandler(() => buildServer(modern.notify, options), { legacy: 'reject' });
  const modernNode = toNodeHandler(modern);
  const allowed = [localhostHostValidation(), localhostOriginValidation()];

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!allowed.every((check) => check(request, response))) return;
    const body = request.method === 'POST' ? await readJson(request) : undefined;
    const web = await toWebRequest(request, body ?? null);
    if (await isLegacyRequest(web, body)) await legacy(request, response, body);
    else await modernNode(request, response, body);
  };
  const legacy = async (request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> => {
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? sessions.get(id) : undefined;
    const opens = id === undefined && (body as { method?: string } | undefined)?.method === 'initialize';
    if (!known && !opens) {
      response.writeHead(id === undefined ? 400 : 404, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Session not found' } }),
      );
      return;
    }
    await (known ?? (await open(sessions, options))).handleRequest(request, response, body);
  };
  const http = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    async stop() {
      await modern.close();
      for (const transport of sessions.values()) await transport.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

async function open(
  sessions: Map<string, NodeStreamableHTTPServerTransport>,
  options: EverythingOptions,
): Promise<NodeStreamableHTTPServerTransport> {
  const transport: NodeStreamableHTTPServerTransport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: () => randomUUID(),
    eventStore: new MemoryEvents(),
    retryInterval: 100,
    onsessioninitialized: (id) => void sessions.set(id, transport),
    onsessionclosed: (id) => void sessions.delete(id),
  });
  await buildServer(null, options).connect(transport);
  return transport;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Events of one session, for clients that come back for what they missed. */
class MemoryEvents implements EventStore {
  private readonly events: { id: string; stream: string; message: JSONRPCMessage }[] = [];

  storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    const id = `${stream}_${this.events.length}`;
    this.events.push({ id, stream, message });
    return Promise.resolve(id);
  }

  async replayEventsAfter(
    lastId: string,
    { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const from = this.events.findIndex(({ id }) => id === lastId);
    const stream = this.events[from]?.stream ?? '';
    for (const event of this.events.slice(from + 1)) {
      // A priming event has nothing to replay.
      if (event.stream === stream && Object.keys(event.message).length > 0)
        await send(event.id, event.message);
    }
    return stream;
  }
}
