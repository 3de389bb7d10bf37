import type { Effect, ToolCall } from '#activity/types';

/** True when `effects` takes this effect away. An unknown effect is the worst the tool could be: it could be any. */
function takesEffect(effects: readonly Effect[] | null, effect: Effect): boolean {
  return effects === null || effect === 'unknown' || effects.includes(effect);
}

/** What the core's own revocations can narrow: task and effects. The same answer as every gateway's index gives. */
export function coversCall(
  revocation: { task: string | null; effects: readonly Effect[] | null },
  call: ToolCall,
): boolean {
  return (
    (revocation.task === null || revocation.task === call.task) &&
    takesEffect(revocation.effects, call.effect)
  );
}
