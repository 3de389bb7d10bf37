/** The demo's agent: the official MCP client, one connection per gateway, one declared task. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

export interface CallOutcome {
  refused: boolean;
  /** What the agent reads: the tool's text, or why it was refused. */
  text: string;
  tookMs: number;
  /** Wall time when the answer was there. */
  at: number;
}

export class DemoAgent {
  private constructor(private readonly client: Client) {}

  static async connect(url: string, token: string, task: string): Promise<DemoAgent> {
    const client = new Client({ name: 'report-writer', version: '1.0.0' });
    const headers = { authorization: `Bearer ${token}`, 'x-driftline-task': task };
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
    return new DemoAgent(client);
  }

  async call(name: string, args: Record<string, unknown>): Promise<CallOutcome> {
    const started = performance.now();
    const result = await this.client.callTool({ name, arguments: args });
    const tookMs = performance.now() - started;
    const content = result.content as { type: string; text?: string }[];
    const text = content.map((part) => part.text ?? '').join('\n');
    return { refused: result.isError === true && isDenial(result._meta), text, tookMs, at: Date.now() };
  }

  async close(): Promise<void> {
    await this.client.close();
  }
}

/** A tool's own error is not a refusal: the gateway marks its denials. */
function isDenial(meta: Record<string, unknown> | undefined): boolean {
  return meta?.['dev.driftline/decision'] !== undefined;
}
