/** What a tool does: the operator's catalogue, then annotations of trusted servers, then its name and schema. */
import type { Effect, ToolCall, Trust } from '#activity/types';
import { catalogueEntry, type Catalogue, type CatalogueEntry } from '#drift';
import { effectOfCall, worstEffect } from './effect-by.js';
import { effectOfName } from './verbs.js';

/** MCP's hints; a missing one means the worse (`readOnlyHint` false, `destructiveHint` and `openWorldHint` true). */
export interface ToolAnnotations {
  readOnlyHint?: boolean | undefined;
  destructiveHint?: boolean | undefined;
  idempotentHint?: boolean | undefined;
  openWorldHint?: boolean | undefined;
}

export interface ToolIdentity {
  server: string;
  /** The operator believes this server's annotations. */
  trusted: boolean;
  tool: string;
  annotations?: ToolAnnotations | null | undefined;
  inputSchema?: unknown;
  /** Of one call; absent = of any call, which is the worst that the tool can do. */
  args?: unknown;
}

export interface Classification {
  effect: Effect;
  effectSource: ToolCall['effectSource'];
  /** Neither in the catalogue nor from a trusted server. */
  uncatalogued: boolean;
  /** Who writes what it returns. */
  trust: Trust;
  /** The catalogue's labels. */
  dataClasses: readonly string[];
  entry: CatalogueEntry | null;
}

/** Matches `*` against any run of characters. Linear in text for each star, without backtracking past the last one. */
export function globMatches(glob: string, text: string): boolean {
  let g = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    if (glob[g] === '*') {
      star = g++;
      mark = t;
    } else if (g < glob.length && glob[g] === text[t]) {
      g++;
      t++;
    } else if (star >= 0) {
      g = star + 1;
      t = ++mark;
    } else return false;
  }
  while (glob[g] === '*') g++;
  return g === glob.length;
}

const CODE_FIELDS = new Set([
  'command',
  'cmd',
  'code',
  'script',
  'shell',
  'sql',
  'statement',
  'expression',
  'program',
]);
const RECIPIENT_FIELDS = new Set([
  'to',
  'recipient',
  'recipients',
  'cc',
  'bcc',
  'payee',
  'webhook',
  'webhookurl',
]);
const BODY_FIELDS = new Set(['body', 'message', 'content', 'text', 'amount', 'attachments', 'subject']);

function schemaFields(inputSchema: unknown): string[] {
  if (inputSchema === null || typeof inputSchema !== 'object') return [];
  const properties = (inputSchema as { properties?: unknown }).properties;
  if (properties === null || typeof properties !== 'object') return [];
  return Object.keys(properties)
    .slice(0, 64)
    .map((key) => key.toLowerCase().replace(/[_-]/g, ''));
}

/** By name, made worse by what the schema takes: code is executed, a body with a recipient is sent. */
export function guessEffect(tool: string, inputSchema: unknown): Effect {
  const named = effectOfName(tool);
  const fields = schemaFields(inputSchema);
  const runs = fields.some((field) => CODE_FIELDS.has(field));
  const sends =
    fields.some((field) => RECIPIENT_FIELDS.has(field)) && fields.some((field) => BODY_FIELDS.has(field));
  const plain = named === 'read' || named === 'write';
  if (runs && (plain || named === 'unknown') && tool.toLowerCase() !== 'calculate') return 'execute';
  return sends && (plain || named === 'unknown') ? 'send' : named;
}

const HINTS = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'] as const;

/** Null when the server gave no hint at all (a title alone is none). */
function annotatedEffect(annotations: ToolAnnotations | null | undefined, guess: Effect): Effect | null {
  if (annotations === null || typeof annotations !== 'object') return null;
  if (!HINTS.some((hint) => typeof annotations[hint] === 'boolean')) return null;
  if (annotations.readOnlyHint === true) return 'read';
  // Between the effects that change something the name is finer than the hints: "write_file" overwrites, it sends nothing.
  if (guess !== 'unknown' && guess !== 'read') return guess;
  return annotations.destructiveHint === false ? 'write' : 'delete';
}

function trustOf(tool: ToolIdentity): Trust {
  const open = tool.annotations?.openWorldHint;
  if (!tool.trusted || typeof open !== 'boolean') return 'unknown';
  return open ? 'third-party' : 'own';
}

/** Cheap enough for every call: one map look-up once a tool is known, and a few words of its name otherwise. */
export function classifyTool(catalogue: Catalogue, tool: ToolIdentity): Classification {
  const entry = catalogueEntry(catalogue, tool.server, tool.tool);
  if (entry !== null) {
    const { trust, dataClasses } = entry;
    const effect = tool.args === undefined ? worstEffect(entry) : effectOfCall(entry, tool.args);
    return { effect, effectSource: 'catalogue', uncatalogued: false, trust, dataClasses, entry };
  }
  const guess = guessEffect(tool.tool, tool.inputSchema);
  const annotated = tool.trusted ? annotatedEffect(tool.annotations, guess) : null;
  return {
    effect: annotated ?? guess,
    effectSource: annotated === null ? 'guess' : 'annotation',
    uncatalogued: !tool.trusted,
    trust: trustOf(tool),
    dataClasses: [],
    entry: null,
  };
}
