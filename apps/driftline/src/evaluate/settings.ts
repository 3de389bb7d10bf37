/** What a run is judged under: who granted what, when the gateway decides, and what the attacker made of the run. */
export const GRANTS = ['behaviour', 'planned', 'precedent'] as const;
/** `behaviour`: no scope is known. `planned`: tools foreseen from the intent. `precedent`: tools of honest runs of the task. */
export type Grant = (typeof GRANTS)[number];

export const MODES = ['inline', 'streamed'] as const;
/** `inline`: the call itself is held. `streamed`: what is known from earlier activity stops the next call. */
export type Mode = (typeof MODES)[number];

export const FORMS = ['plain'] as const;
export type Form = (typeof FORMS)[number];

export interface Setting {
  grant: Grant;
  mode: Mode;
  form: Form;
}

export function nameOf({ grant, mode, form }: Setting): string {
  return `${form} · ${grant} · ${mode}`;
}
