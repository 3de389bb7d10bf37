/** The least an MCP client does (2025-11-25 over Streamable HTTP), so that what is timed is the gateway and not the client. */
import { Pool } from 'undici';

const REVISION = '2025-11-25';

export interface Answer {
  refused: boolean;
  tookMs: number;
  /** `performance.now()` when the answer was there. */
  at: number;
}

export class BenchClient {
  private readonly pool: Pool;
  private session: string | null = null;
  private id = 0;

  constructor(
    private readonly endpoint: URL,
    private readonly headers: Record<string, string>,
  ) {
    this.pool = new Pool(endpoint.origin, { connections: 1, pipelining: 1 });
  }

  async connect(): Promise<void> {
    const params = {
      protocolVersion: REVISION,
      capabilities: {},
      clientInfo: { name: 'bench', version: '1' },
    };
    const answer = await this.post({ jsonrpc: '2.0', id: (this.id += 1), method: 'initialize', params });
    this.session = answer.session;
    await this.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
  }

  async call(name: string, args: Record<string, unknown>): Promise<Answer> {
    const started = performance.now();
    const params = { name, arguments: args };
    const { text } = await this.post({ jsonrpc: '2.0', id: (this.id += 1), method: 'tools/call', params });
    const at = performance.now();
    return { refused: text.includes('"isError":true'), tookMs: at - started, at };
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }

  private async post(message: object): Promise<{ text: string; session: string | null }> {
    const { body, headers, statusCode } = await this.pool.request({
      method: 'POST',
      path: this.endpoint.pathname,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': REVISION,
        ...(this.session === null ? {} : { 'mcp-session-id': this.session }),
        ...this.headers,
      },
      body: JSON.stringify(message),
    });
    const text = await body.text();
    if (statusCode >= 400) throw new Error(`the endpoint answered ${statusCode}: ${text.slice(0, 300)}`);
    const session = headers['mcp-session-id'];
    return { text, session: typeof session === 'string' ? session : this.session };
  }
}
