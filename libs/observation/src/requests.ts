/**
 * Tools that the text of a result asks for. Found by what they do and what they do it to, as their names say, never by
 * an attack's wording; only the tools' own names go on the log.
 */
import { clipText, LIMITS, type Effect, type Request, type RequestMood } from '#activity/types';
import { toolTerms, type Action } from '#drift';
import { asksIn, type Ask } from './asks.js';
import type { Unit } from './units.js';

export interface KnownTool {
  name: string;
  effect: Effect;
}

/** Tools an agent can call, in any server, ready to be looked up by what they do. Make it once per tool list. */
export class ToolIndex {
  private readonly byAction = new Map<Action, { name: string; topics: readonly string[] }[]>();

  /** Beyond `MAX_INDEXED_TOOLS` the rest is not looked for. */
  constructor(tools: Iterable<KnownTool>) {
    let size = 0;
    for (const { name, effect } of tools) {
      const { action, topics } = toolTerms(name);
      // Harmless by itself, and named in every text; a read that goes somewhere is neither.
      if (action === null || action === 'read' || (effect === 'read' && action !== 'visit')) continue;
      // A name that the log cannot carry is no tool's that could be called.
      if (clipText(name, LIMITS.toolBytes) !== name) continue;
      if (++size > MAX_INDEXED_TOOLS) break;
      const same = this.byAction.get(action) ?? [];
      same.push({ name, topics });
      this.byAction.set(action, same);
    }
  }

  /** Tools that do what is asked: those that do it to what is named, or all where none does. */
  matching({ action, topics }: Ask): { tools: readonly { name: string }[]; object: boolean } {
    const doing = this.byAction.get(action) ?? [];
    const named = doing.filter((tool) => tool.topics.some((topic) => topics.includes(topic)));
    return named.length > 0 ? { tools: named, object: true } : { tools: doing, object: false };
  }
}

/** Tools of one index: more than any agent is given at once. */
const MAX_INDEXED_TOOLS = 512;
/** Tools times authors kept while a result is read; what is beyond counts as asked for by nobody known. */
const MAX_KEPT = 1_024;
/** Stands for every tool: more were asked for than the log carries. */
export const ANY_TOOL = '*';

const MOODS: Record<RequestMood, number> = { imperative: 0, due: 1, mentioned: 2 };
const CLEARNESS = (request: Request): number => 2 * MOODS[request.mood] + (request.object ? 0 : 1);

function clearer(a: Request, b: Request): Request {
  return CLEARNESS(a) <= CLEARNESS(b) ? a : b;
}

/** Collects what the units of one result ask for. Linear in their words. */
export class RequestCollector {
  private readonly kept = new Map<string, Request>();

  constructor(private readonly tools: ToolIndex) {}

  /** `author`: fingerprint of who wrote the record the unit stands in. */
  add(unit: Unit, author: () => string | null): void {
    if (!unit.prose) return;
    for (const ask of asksIn(unit.tokens, unit.instructs)) {
      const { tools, object } = this.tools.matching(ask);
      for (const { name } of tools) this.keep({ tool: name, mood: ask.mood, object, author: author() });
    }
  }

  private keep(request: Request): void {
    const wanted = `${request.author ?? ''} ${request.tool}`;
    const full = this.kept.size >= MAX_KEPT && !this.kept.has(wanted);
    const key = full ? ` ${request.tool}` : wanted;
    const known = this.kept.get(key);
    const kept = full ? { ...request, author: null } : request;
    this.kept.set(key, known === undefined ? kept : clearer(known, kept));
  }

  /** The clearest first; too many become one for any tool, which weighs what the clearest of the dropped did. */
  finish(): Request[] {
    const all = [...this.kept.values()].sort((a, b) => CLEARNESS(a) - CLEARNESS(b));
    if (all.length <= LIMITS.requests) return all;
    const first = all.slice(0, LIMITS.requests - 1);
    return [...first, { ...all[LIMITS.requests - 1]!, tool: ANY_TOOL, author: null }];
  }
}
