/** What agents use in these tests: a real MCP server that remembers what reached it, and the official client. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { startEverything } from '../servers/mcp-everything/server.js';

export interface Notes {
  url: string;
  /** Names of the notes whose writing reached the server, in order. */
  written: string[];
  read: string[];
  stop(): Promise<void>;
}

/** `write_note` and `read_note`; a note named `secret…` reads as credentials. */
export async function startNotes(): Promise<Notes> {
  const written: string[] = [];
  const read: string[] = [];
  const inputSchema = z.object({ note: z.string() });
  const server = await startEverything({
    extend: (mcp) => {
      mcp.registerTool('write_note', { description: 'Writes a note', inputSchema }, ({ note }) => {
        written.push(note);
        return { content: [{ type: 'text', text: 'ok' }] };
      });
      mcp.registerTool('read_note', { description: 'Reads a note', inputSchema }, ({ note }) => {
        read.push(note);
        const text = note.startsWith('secret') ? 'AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE' : 'Buy milk.';
        return { content: [{ type: 'text', text }] };
      });
    },
  });
  return { ...server, written, read };
}

export interface Answer {
  refused: boolean;
  /** Why, empty when it was not refused. */
  reason: string;
}

const CALL_TIMEOUT_MS = 5_000;
const DECISION = 'dev.driftline/decision';

/** One connection of an agent through a gateway. */
export class Agent {
  /** How long a call may take; the client waits for a stream that was cut to come back. */
  timeoutMs = CALL_TIMEOUT_MS;

  private constructor(private readonly client: Client) {}

  static async connect(
    gatewayUrl: string,
    headers: Record<string, string>,
    server = 'notes',
  ): Promise<Agent> {
    const client = new Client({ name: 'agent', version: '1' });
    const url = new URL(`${gatewayUrl}/mcp/${server}`);
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
    return new Agent(client);
  }

  /** Throws what is neither done nor refused: the gateway or a server behind it is away. */
  async call(name: string, args: Record<string, unknown>): Promise<Answer> {
    const result = await this.client.callTool({ name, arguments: args }, { timeout: this.timeoutMs });
    const decision = result._meta?.[DECISION] as { reason?: string } | undefined;
    if (decision === undefined && result.isError === true)
      throw new Error(`${name} failed: ${JSON.stringify(result.content)}`);
    return { refused: decision !== undefined, reason: decision?.reason ?? '' };
  }

  async close(): Promise<void> {
    await this.client.close();
  }
}
