/** Steps of a case as activities: what a step does not say is what a gateway would report. */
import type { ActivityBase, Request, TaskStarted, ToolCall, ToolResult, Value } from '#activity/types';
import type { Assessment } from '#drift';
import {
  classifyCall,
  deriveTenantKey,
  Fingerprinter,
  intentFeatures,
  observeCall,
  observeIntent,
  observeResult,
  type SeenCall,
} from '#observation';
import type { Call, Result, Start, Step } from './schema.js';
import type { Story } from './story.js';

/** Nothing leaves a case, so that its key is no secret; the same text is the same value in every case. */
const FINGERPRINTER = new Fingerprinter(deriveTenantKey(Buffer.alloc(32, 'cases'), 'cases', 1));

/**
 * `gateway`: tools are what the catalogue or their names say, as a gateway would tell. `given`: tools are catalogued
 * reads of internal data unless a step says otherwise, whatever the catalogue; for cases that are about detectors.
 */
export type Assumption = 'gateway' | 'given';

/** Folds a step; null where nothing was folded. */
export function tell(story: Story, step: Step, assume: Assumption): Assessment | null {
  if ('after' in step && step.after !== undefined) story.wait(step.after);
  if ('call' in step) {
    for (let i = 1; i < step.times; i++) story.call(callFields(story, step, assume));
    return story.call(callFields(story, step, assume));
  }
  if ('result' in step) {
    for (let i = 1; i < step.times; i++) story.result(resultFields(story, step, assume));
    return story.result(resultFields(story, step, assume));
  }
  if ('starts' in step) return story.start(step.starts, startFields(story, step));
  if ('ends' in step) return story.end(step.ends, step.outcome);
  if ('check' in step) return story.check(step.task, step.check, step.shown);
  if ('lifts' in step) return story.lift(lastRevocation(story));
  if ('lists' in step) {
    const tools = Object.entries(step.tools).map(([name, digest]) => ({ name, digest }));
    return story.lists(step.lists, tools, reporter(step));
  }
  story.wait('wait' in step ? step.wait : step.waitMinutes * 60_000);
  return null;
}

function lastRevocation(story: Story): string {
  const revoked = story.commands.flatMap((command) =>
    command.type === 'revoke' ? [command.revocation.id] : [],
  );
  const last = revoked.at(-1);
  if (last === undefined) throw new Error('nothing was revoked, so there is nothing to lift');
  return last;
}

/** Fields of the call that a step tells of. */
export function callFields(story: Story, step: Call, assume: Assumption): Partial<ToolCall> {
  const [server, tool] = named(step.call);
  const { resource, to, recipient, classes, values, facts, refused } = step;
  return {
    ...(assume === 'given' && step.arguments === undefined
      ? { server, tool, effect: 'read' as const, resource: null, destination: null, uncatalogued: false }
      : observeCall(contextOf(story), seen(server, tool, step.arguments ?? {}))),
    ...(assume === 'given' && step.arguments !== undefined ? { uncatalogued: false } : {}),
    ...where(step),
    ...given({ effect: step.effect, resource, dataClasses: classes, uncatalogued: step.uncatalogued }),
    ...given({ toolDigest: step.toolDigest, argumentsBytes: step.argumentsBytes }),
    ...(to || recipient ? { destination: { place: to ?? 'unknown', print: printOf(recipient) } } : {}),
    ...(values ? { values: values.map((value) => valueOf(value, 'argument')) } : {}),
    ...(facts ? { facts: Object.entries(facts).map(([name, value]) => ({ name, value })) } : {}),
    ...(refused ? { decision: 'refused', basis: refused, reason: 'refused' } : {}),
  };
}

function resultFields(story: Story, step: Result, assume: Assumption): Partial<ToolResult> {
  const [server, tool] = named(step.result);
  const { classes, trust, values, asks, outcome, resultBytes, records } = step;
  return {
    ...(assume === 'given' && step.content === undefined ? {} : observedResult(story, step, assume)),
    server,
    tool,
    outcome,
    ...where(step),
    ...given({ dataClasses: classes, trust, resultBytes, records }),
    ...(values ? { values: values.map((value) => valueOf(value, 'field')) } : {}),
    ...(asks ? { requests: asks.map(requestOf) } : {}),
  };
}

function observedResult(story: Story, step: Result, assume: Assumption): Partial<ToolResult> {
  const { result, content, trust = 'own' } = step;
  const [server, tool] = named(result);
  const context = contextOf(story);
  const found = classifyCall(context, seen(server, tool, {}));
  const classification = assume === 'given' ? { trust, dataClasses: ['internal'] } : found;
  const text = typeof content === 'string' ? content : JSON.stringify(content ?? '');
  return observeResult(context, { classification, result: { content: [{ type: 'text', text }] } });
}

function startFields(story: Story, step: Start): Partial<TaskStarted> {
  const { scope, intent, minutes, parent, principal, actors, kind, values } = step;
  const observed = intent === undefined ? [] : observeIntent(intent, FINGERPRINTER);
  const named = (values ?? []).map((value) => valueOf(value, 'intent'));
  return {
    task: step.starts,
    scope: scope && { ...scope, destinations: scope.destinations?.map(printOf) ?? null },
    expiresAt: story.now + minutes * 60_000,
    intentValues: [...observed, ...named],
    ...(intent === undefined ? {} : intentFeatures(intent, FINGERPRINTER)),
    ...reporter(step),
    ...given({ intent, parentTask: parent, principal, actors, kind }),
  };
}

function contextOf(story: Story) {
  return { catalogue: story.policy.catalogue, fingerprinter: FINGERPRINTER };
}

function seen(server: string, name: string, args: Record<string, unknown>): SeenCall {
  return { method: 'tools/call', server, trusted: false, params: { name, arguments: args } };
}

function named(serverTool: string): [string, string] {
  const at = serverTool.indexOf('/');
  return [serverTool.slice(0, at), serverTool.slice(at + 1)];
}

/** Where nobody is named it is always the same somebody. */
const SOMEBODYS_PRINT = '00000000000000aa';
const PRINT = /^[0-9a-f]{16}$/;

/** A fingerprint stands for itself. */
function printOf(text = SOMEBODYS_PRINT): string {
  if (PRINT.test(text)) return text;
  return FINGERPRINTER.ofText(text)?.print ?? FINGERPRINTER.print({ family: 'text', normal: text });
}

type Asked = NonNullable<Result['asks']>[number];
function requestOf(asked: Asked): Request {
  if (typeof asked === 'string') return { tool: asked, mood: 'imperative', object: true, author: null };
  const { tool, mood, object, author } = asked;
  return { tool, mood, object, author: author === undefined ? null : printOf(author) };
}

type Told = NonNullable<Call['values']>[number];
function valueOf(told: Told, standing: Value['standing']): Value {
  const { value, kind, from, imperative, author, at } =
    typeof told === 'string' ? { ...PLAIN, value: told } : told;
  return {
    kind: kind ?? FINGERPRINTER.ofText(value)?.kind ?? 'text',
    print: printOf(value),
    standing: standing === 'field' ? from : standing,
    at,
    imperative,
    author: author === undefined ? null : printOf(author),
  };
}
const PLAIN = { from: 'field', imperative: false, at: '', kind: undefined, author: undefined } as const;

type Placed = Pick<Call, 'task' | 'conversation' | 'principal' | 'actors' | 'instance' | 'gateway'>;
function where(step: Placed): Partial<ActivityBase> {
  const { task = null, conversation = null, principal, actors } = step;
  return { task, conversation, ...given({ principal, actors }), ...reporter(step) };
}

function reporter({
  instance,
  gateway,
}: Pick<Placed, 'instance' | 'gateway'>): Partial<Pick<ActivityBase, 'instance' | 'source'>> {
  return given({ instance, source: gateway === undefined ? undefined : `gateway/${gateway}` });
}

/** Without what was not said. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
