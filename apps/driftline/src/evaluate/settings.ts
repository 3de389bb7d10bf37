/** What a run is judged under: who granted what, when the gateway decides, and what the attacker made of the run. */
export const GRANTS = ['behaviour', 'planned', 'precedent'] as const;
/** `behaviour`: no scope is known. `planned`: tools foreseen from the intent. `precedent`: tools of honest runs of the task. */
export type Grant = (typeof GRANTS)[number];

export const MODES = ['inline', 'streamed'] as const;
/** `inline`: the call itself is held. `streamed`: what is known from earlier activity stops the next call. */
export type Mode = (typeof MODES)[number];

export const FORMS = [
  'plain',
  'padded',
  'spread',
  'restarted',
  'declarative',
  'label',
  'target-less',
] as const;
/**
 * What the attacker made of the run. `padded`: 100 harmless reads in between. `spread`: hours between calls. `restarted`:
 * gateway and engine start again midway. `declarative`: the attack is a statement. `label`: its target stands on a line of
 * its own. `target-less`: neither attack nor harm name a target of the attacker's.
 */
export type Form = (typeof FORMS)[number];
/** Forms with more than one phrasing. */
export const REWORDED: readonly Form[] = ['declarative', 'label', 'target-less'];

export interface Setting {
  grant: Grant;
  mode: Mode;
  form: Form;
  /** 0 = the phrasing that the seed picks, 1 … = further ones. */
  variant: number;
}

/** As it stands in the verdicts: further phrasings are forms of their own, `label-2`, `label-3` … */
export function formName({ form, variant }: Pick<Setting, 'form' | 'variant'>): string {
  return variant === 0 ? form : `${form}-${variant + 1}`;
}

export function nameOf(setting: Setting): string {
  return `${formName(setting)} · ${setting.grant} · ${setting.mode}`;
}

export interface Choice {
  grants: readonly Grant[];
  modes: readonly Mode[];
  forms: readonly Form[];
  /** Phrasings of each reworded form, ≥ 1. */
  phrasings: number;
}

/** Every setting, in the order of the lines of a run. */
export function settingsOf({ grants, modes, forms, phrasings }: Choice): Setting[] {
  const variants = (form: Form) => (REWORDED.includes(form) ? phrasings : 1);
  return forms.flatMap((form) =>
    Array.from({ length: variants(form) }, (_, variant) => variant).flatMap((variant) =>
      grants.flatMap((grant) => modes.map((mode) => ({ form, variant, grant, mode }))),
    ),
  );
}
