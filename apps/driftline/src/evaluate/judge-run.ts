/** One run under every setting. */
import type { Ground } from './ground.js';
import { activitiesOf, plainScript, play, scopeOf } from './play.js';
import type { Run } from './runs.js';
import type { Form, Grant, Mode } from './settings.js';
import { scoreOf, verdictLine, type Score, type VerdictLine } from './verdict.js';

export interface Settings {
  grants: readonly Grant[];
  modes: readonly Mode[];
  forms: readonly Form[];
  seed: number;
}

export interface Judged {
  line: VerdictLine;
  score: Score;
}

/** In the order forms, grants, modes. */
export function judgeRun(ground: Ground, run: Run, { forms, grants, modes }: Settings): Judged[] {
  const policy = ground.policyOf(run);
  return forms.flatMap((form) =>
    grants.flatMap((grant) => {
      const script = plainScript(run);
      const activities = activitiesOf(ground, run, script, scopeOf(run, grant));
      const played = play(policy, script, activities);
      return modes.map((mode) => {
        const moments = played[mode];
        const line = verdictLine(run, { grant, mode, form }, moments);
        return { line, score: scoreOf(run, line, moments) };
      });
    }),
  );
}
