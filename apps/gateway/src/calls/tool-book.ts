/** What servers said of their tools, and which definition each agent saw. Bounded. */
import { toolDigest, type ToolAnnotations } from '#observation';
import { LISTINGS_MAX, TOOLS_MAX } from '../limits.js';
import { isObject, type JsonObject } from '../mcp/message.js';

export interface ToolDefinition {
  annotations: ToolAnnotations | null;
  inputSchema: unknown;
  digest: string;
}

export interface ListedTool {
  name: string;
  digest: string;
}

export class ToolBook {
  private readonly servers = new Map<string, Map<string, ToolDefinition>>();
  /** Per agent and server: the digests it saw. Oldest agents are forgotten first. */
  private readonly seen = new Map<string, Map<string, string>>();
  /** Tools called per server, listed here or not. */
  private readonly called = new Map<string, Map<string, true>>();
  /** Changes whenever a tool is heard of for the first time. */
  version = 0;

  /** The latest definition of a tool, null when nobody listed it here. */
  definition(server: string, tool: string): ToolDefinition | null {
    return this.servers.get(server)?.get(tool) ?? null;
  }

  /** The digest as this agent saw it, null when it never listed the tool. */
  digestSeen(agentKey: string, server: string, tool: string): string | null {
    return this.seen.get(`${server} ${agentKey}`)?.get(tool) ?? null;
  }

  /** An agent called it: it need not have listed it through this gateway. */
  heardOf(server: string, tool: string): void {
    let called = this.called.get(server);
    if (!called) this.called.set(server, (called = new Map()));
    if (called.has(tool)) return;
    if (!this.servers.get(server)?.has(tool)) this.version += 1;
    remember(called, tool, true);
  }

  *listedTools(): Generator<{ server: string; tool: string }> {
    for (const [server, definitions] of this.servers)
      for (const tool of definitions.keys()) yield { server, tool };
  }

  *calledTools(): Generator<{ server: string; tool: string }> {
    for (const [server, names] of this.called) for (const tool of names.keys()) yield { server, tool };
  }

  /** Takes in one `tools/list` result. Returns what it listed. */
  listed(agentKey: string, server: string, result: JsonObject): ListedTool[] {
    if (!Array.isArray(result.tools)) return [];
    const definitions = this.ofServer(server);
    const digests = this.ofAgent(`${server} ${agentKey}`);
    const listed: ListedTool[] = [];
    for (const tool of result.tools as unknown[]) {
      if (!isObject(tool) || typeof tool.name !== 'string') continue;
      const digest = toolDigest({ ...tool, name: tool.name });
      const annotations = isObject(tool.annotations) ? (tool.annotations as ToolAnnotations) : null;
      if (!definitions.has(tool.name)) this.version += 1;
      remember(definitions, tool.name, { annotations, inputSchema: tool.inputSchema, digest });
      remember(digests, tool.name, digest);
      listed.push({ name: tool.name, digest });
    }
    return listed;
  }

  private ofServer(server: string): Map<string, ToolDefinition> {
    let known = this.servers.get(server);
    if (!known) this.servers.set(server, (known = new Map()));
    return known;
  }

  private ofAgent(key: string): Map<string, string> {
    const known = this.seen.get(key) ?? new Map<string, string>();
    // Moved to the end: the one unused the longest is forgotten first.
    this.seen.delete(key);
    this.seen.set(key, known);
    if (this.seen.size > LISTINGS_MAX) this.seen.delete(this.seen.keys().next().value as string);
    return known;
  }
}

function remember<V>(map: Map<string, V>, name: string, value: V): void {
  map.delete(name);
  map.set(name, value);
  if (map.size > TOOLS_MAX) map.delete(map.keys().next().value as string);
}
