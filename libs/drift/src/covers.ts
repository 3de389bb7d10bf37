import type { Effect, ToolCall } from '#activity/types';
import { goesOut } from './goes-out.js';

/**
 * True when `effects` takes this call away. An unknown effect is the worst the tool could be: it could be any. Whoever may
 * not send may not read from an address of its choice either: what is asked for there is sent there.
 */
function takesEffect(effects: readonly Effect[] | null, call: ToolCall): boolean {
  const { effect } = call;
  if (effects === null || effect === 'unknown' || effects.includes(effect)) return true;
  return effect === 'read' && effects.includes('send') && goesOut(call);
}

/** What the core's own revocations can narrow: task and effects. The same answer as every gateway's index gives. */
export function coversCall(
  revocation: { task: string | null; effects: readonly Effect[] | null },
  call: ToolCall,
): boolean {
  return (revocation.task === null || revocation.task === call.task) && takesEffect(revocation.effects, call);
}
