/** A run's activities folded: what the core knew when each call came, and what it would have said of it. */
import type { Activity, Response, ToolCall } from '#activity/types';
import { assess, coversCall, evidenceOfTask, judge, riskOf, type AgentState, type Policy } from '#drift';
import { isAsked } from '#gateway';
import { stateCodec } from '#store';
import type { Script } from './script.js';
import type { Mode } from './settings.js';

/** What was known at one call. */
export interface Moment {
  /** Into the run's own calls; null = padding. */
  index: number | null;
  /** Unrounded: what the policy's thresholds are compared with. */
  risk: number;
  /** The response that refuses it; null = it passes. */
  response: Response | null;
  /** Detectors with live evidence, and the risk that each alone would make. */
  alone: Record<string, number>;
}

export type Played = Record<Mode, Moment[]>;

/** Every call goes on, whatever is said of it: each is folded as if allowed, and context checks stay unanswered. */
export function play(policy: Policy, script: Script, activities: readonly Activity[]): Played {
  const played: Played = { inline: [], streamed: [] };
  let state: AgentState | null = null;
  let calls = 0;
  for (const activity of activities) {
    if (activity.type === 'ToolCall') {
      if (calls === script.restartAfter) state = reread(state);
      const { index } = script.steps[calls++]!;
      const known = standing(policy, state, activity);
      played.streamed.push({ index, ...known });
      played.inline.push({ index, ...held(policy, state, activity, known.response) });
    }
    state = assess(policy, state, activity).state;
  }
  return played;
}

/** As an engine that starts again finds it in the store. */
function reread(state: AgentState | null): AgentState | null {
  return state === null ? null : stateCodec.decode(stateCodec.encode(state));
}

type Known = Omit<Moment, 'index'>;

/** What earlier activity says when the call comes. */
function standing(policy: Policy, state: AgentState | null, call: ToolCall): Known {
  if (state === null) return { risk: 0, response: null, alone: {} };
  const covering = state.revocations.filter(
    (live) => !live.observed && live.until > call.time && coversCall(live, call),
  );
  return { response: strongest(covering), ...readingOf(policy, state, call) };
}

/** What the call itself adds. Calls that the policy does not ask about are only stopped by what stands already. */
function held(policy: Policy, state: AgentState | null, call: ToolCall, before: Response | null): Known {
  const { allowed, response, assessment } = judge(policy, state, [], call);
  const { alone } = readingOf(policy, assessment.state, call);
  const asked = isAsked(policy.ask, call);
  return { risk: assessment.risk, response: asked ? (allowed ? null : response) : before, alone };
}

function readingOf(policy: Policy, state: AgentState, call: ToolCall): Pick<Moment, 'risk' | 'alone'> {
  const evidence = call.task === null ? [] : evidenceOfTask(state.evidence, call.task, false);
  const alone: Record<string, number> = {};
  for (const { detector } of evidence) {
    if (Object.hasOwn(alone, detector)) continue;
    const own = evidence.filter((piece) => piece.detector === detector);
    alone[detector] = riskOf(policy, own, call.time);
  }
  return { risk: riskOf(policy, evidence, call.time), alone };
}

const MILDEST_FIRST: readonly Response[] = ['context-check', 'restrict', 'revoke-task', 'revoke-agent'];

function strongest(covering: readonly { response: Response }[]): Response | null {
  return MILDEST_FIRST.findLast((one) => covering.some(({ response }) => response === one)) ?? null;
}
