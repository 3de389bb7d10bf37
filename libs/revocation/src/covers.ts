import type { Effect, Revocation } from '#activity/types';

/** The call as a gateway or the authority knows it before it runs. */
export interface RevocableCall {
  tenant: string;
  agentKey: string;
  /** Declared task, null where none was declared. */
  task: string | null;
  server: string;
  tool: string;
  effect: Effect;
  /** A read of an address or a site named in its arguments: a way out. */
  goesOut: boolean;
  dataClasses: readonly string[];
}

/** True when this revocation takes this call away; says nothing about time (`until`) or lifts. */
export function covers(revocation: Revocation, call: RevocableCall): boolean {
  return (
    revocation.tenant === call.tenant &&
    (revocation.agent === null || revocation.agent === call.agentKey) &&
    (revocation.task === null || revocation.task === call.task) &&
    (revocation.server === null || revocation.server === call.server) &&
    (revocation.tools === null || revocation.tools.includes(call.tool)) &&
    (coversEffect(revocation.effects, call.effect) || coversWayOut(revocation.effects, call)) &&
    coversClasses(revocation.dataClasses, call.dataClasses)
  );
}

/** An unknown effect is the worst the tool could be: whatever is taken away, it could be that. */
export function coversEffect(effects: readonly Effect[] | null, effect: Effect): boolean {
  return effects === null || effect === 'unknown' || effects.includes(effect);
}

/** Whoever may not send may not read from an address of its choice either. */
function coversWayOut(effects: readonly Effect[] | null, { effect, goesOut }: RevocableCall): boolean {
  return goesOut && effect === 'read' && effects !== null && effects.includes('send');
}

function coversClasses(classes: readonly string[] | null, touched: readonly string[]): boolean {
  return classes === null || touched.some((dataClass) => classes.includes(dataClass));
}

/** `observe` and `alert` are recorded, never enforced. */
export function enforces(revocation: Revocation): boolean {
  return revocation.response !== 'observe' && revocation.response !== 'alert';
}
