/** What a gateway sees, as the log carries it. Pure: the same call, catalogue and key give the same fields. */
import type { Effect, ToolCall, ToolResult, Value } from '#activity/types';
import type { Catalogue } from '#drift';
import { cutBytes } from './chars.js';
import { classifyTool, type Classification, type ToolAnnotations } from './classify.js';
import { extractLeaves, extractValues } from './extract.js';
import type { Fingerprinter } from './fingerprint.js';
import { labelLeaves } from './labels.js';
import {
  MAX_CALL_VALUES,
  MAX_DATA_CLASSES,
  MAX_INTENT_BYTES,
  MAX_INTENT_VALUES,
  MAX_RESULT_VALUES,
} from './limits.js';
import { destinationOf, factsOf, resourceOf } from './resource.js';
import { jsonBytes } from './size.js';
import { contentLeaves } from './content.js';
import { RequestCollector, type ToolIndex } from './requests.js';
import { leavesOf } from './structure.js';

export interface ObserveContext {
  catalogue: Catalogue;
  /** Of the task's key version. */
  fingerprinter: Fingerprinter;
  /** Tools that the agent can call, in any server: results are read for requests to call them. */
  tools?: ToolIndex | undefined;
}

export interface SeenCall {
  /** `tools/call`, `resources/read`, `prompts/get`, `tasks/update`, `response` … */
  method: string;
  server: string;
  /** The operator believes this server's annotations. */
  trusted: boolean;
  /** Parameters of the request; for `response` the result that the agent sends to the server. */
  params: unknown;
  /** For `response`: the server's method that is answered, e.g. `elicitation/create`. */
  answers?: string | undefined;
  /** The tool's definition as listed, where it is known. */
  definition?: { annotations?: ToolAnnotations | null | undefined; inputSchema?: unknown } | null | undefined;
  /** UTF-8 bytes of the arguments, when the caller knows them already. */
  argumentsBytes?: number | undefined;
}

export type ObservedCall = Pick<
  ToolCall,
  | 'method'
  | 'server'
  | 'tool'
  | 'effect'
  | 'effectSource'
  | 'uncatalogued'
  | 'dataClasses'
  | 'resource'
  | 'destination'
  | 'facts'
  | 'values'
  | 'valuesDropped'
  | 'argumentsBytes'
>;

/** What a method of the protocol does by itself; `tools/call` depends on the tool. */
const METHOD_EFFECTS: Record<string, Effect> = {
  'resources/read': 'read',
  'resources/subscribe': 'read',
  'resources/unsubscribe': 'read',
  'prompts/get': 'read',
  'completion/complete': 'read',
  'tasks/get': 'read',
  'tasks/result': 'read',
  'tasks/list': 'read',
  'tasks/cancel': 'write',
  // Answers to a server's questions: data going out to it.
  'tasks/update': 'send',
  response: 'send',
};

/** Longest tool name on the log. */
const MAX_TOOL_BYTES = 256;

function member(value: unknown, key: string): unknown {
  return value !== null && typeof value === 'object' && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

interface Subject {
  tool: string;
  args: unknown;
}

/** Which tool, and what it is given. Other methods are tools named after themselves, so that a catalogue can list them. */
function subjectOf(call: SeenCall): Subject {
  const { method, params } = call;
  if (method === 'tools/call') {
    const name = member(params, 'name');
    const args = member(params, 'arguments') ?? {};
    const answers = member(params, 'inputResponses');
    const tool = typeof name === 'string' ? cutBytes(name, MAX_TOOL_BYTES) : '';
    if (answers === undefined || typeof args !== 'object' || args === null) return { tool, args };
    return { tool, args: { ...args, inputResponses: answers } };
  }
  if (method === 'response') return { tool: call.answers ?? method, args: params };
  if (params === null || typeof params !== 'object') return { tool: method, args: params };
  return {
    tool: method,
    args: Object.fromEntries(Object.entries(params).filter(([key]) => key !== '_meta')),
  };
}

/** Classification of any call, also of methods that are not tools. */
export function classifyCall(context: Pick<ObserveContext, 'catalogue'>, call: SeenCall): Classification {
  return classified(context, call, subjectOf(call));
}

function classified(
  context: Pick<ObserveContext, 'catalogue'>,
  call: SeenCall,
  { tool, args }: Subject,
): Classification {
  const { server, trusted, definition } = call;
  const { annotations, inputSchema } = definition ?? {};
  const found = classifyTool(context.catalogue, { server, trusted, tool, annotations, inputSchema, args });
  if (found.entry !== null || call.method === 'tools/call') return found;
  return { ...found, effect: METHOD_EFFECTS[call.method] ?? 'unknown', effectSource: 'guess' };
}

function merged(a: readonly string[], b: readonly string[]): string[] {
  return [...new Set([...a, ...b])].slice(0, MAX_DATA_CLASSES);
}

/** The fields of `ToolCall` that follow from the call itself. Never throws. */
export function observeCall(context: ObserveContext, call: SeenCall): ObservedCall {
  const { catalogue, fingerprinter } = context;
  const subject = subjectOf(call);
  const { tool, args } = subject;
  const { effect, effectSource, uncatalogued, dataClasses, entry } = classified(context, call, subject);
  const leaves = leavesOf(args);
  const found = extractLeaves(leaves, fingerprinter, { standing: 'argument', maxValues: MAX_CALL_VALUES });
  return {
    method: call.method,
    server: call.server,
    tool,
    effect,
    effectSource,
    uncatalogued,
    dataClasses: merged(dataClasses, labelLeaves(leaves, found.kinds)),
    resource: call.method === 'prompts/get' ? promptName(args) : resourceOf(args, entry, fingerprinter),
    destination: destinationOf(args, { entry, effect }, catalogue, fingerprinter),
    facts: factsOf(args, entry),
    values: found.values,
    valuesDropped: found.valuesDropped,
    argumentsBytes: call.argumentsBytes ?? jsonBytes(args),
  };
}

function promptName(args: unknown): string | null {
  const name = member(args, 'name');
  return typeof name === 'string' ? cutBytes(name, MAX_TOOL_BYTES) : null;
}

export interface SeenResult {
  /** The JSON-RPC `result`, or undefined when there was an error. */
  result?: unknown;
  /** The JSON-RPC `error`. */
  error?: unknown;
  /** Of the call it answers. */
  classification: Pick<Classification, 'trust' | 'dataClasses'>;
  /** UTF-8 bytes of the result, when the caller knows them already. */
  resultBytes?: number | undefined;
}

export type ObservedResult = Pick<
  ToolResult,
  'outcome' | 'trust' | 'dataClasses' | 'values' | 'valuesDropped' | 'requests' | 'resultBytes' | 'records'
>;

/** The fields of `ToolResult` that follow from the result of a tool, resource, prompt or task. Never throws. */
export function observeResult(
  context: Pick<ObserveContext, 'fingerprinter' | 'tools'> & Partial<ObserveContext>,
  seen: SeenResult,
): ObservedResult {
  const { trust, dataClasses } = seen.classification;
  const body = seen.error ?? seen.result;
  const leaves = contentLeaves(body);
  const requests = context.tools === undefined ? null : new RequestCollector(context.tools);
  const found = extractLeaves(leaves, context.fingerprinter, {
    standing: 'result',
    maxValues: MAX_RESULT_VALUES,
    believed: trust === 'own',
    ...(requests !== null && { visit: (unit, author) => requests.add(unit, author) }),
  });
  const failed = seen.error !== undefined || member(seen.result, 'isError') === true;
  return {
    outcome: failed ? 'error' : 'ok',
    trust,
    dataClasses: merged(dataClasses, labelLeaves(leaves, found.kinds)),
    values: found.values,
    valuesDropped: found.valuesDropped,
    requests: requests?.finish() ?? [],
    resultBytes: seen.resultBytes ?? jsonBytes(body),
    records: leaves.records,
  };
}

/** What the user named. `TaskStarted.intentValues`; the text beyond 4 KiB is not on the log and not looked at. */
export function observeIntent(intent: string, fingerprinter: Fingerprinter): Value[] {
  const text = cutBytes(intent, MAX_INTENT_BYTES);
  return extractValues(text, fingerprinter, { standing: 'intent', maxValues: MAX_INTENT_VALUES }).values;
}
