/** One run under every setting. */
import type { Scope } from '#activity/types';
import { Scripts } from './forms/index.js';
import type { Ground } from './ground.js';
import { play, type Played } from './play.js';
import { Recording, underScope } from './recording.js';
import type { Run } from './runs.js';
import type { Script } from './script.js';
import { settingsOf, type Choice, type Grant } from './settings.js';
import { scoreOf, verdictLine, type Score, type VerdictLine } from './verdict.js';

export interface JudgeOptions extends Choice {
  /** For everything that is drawn. */
  seed: number;
}

export interface Judged {
  line: VerdictLine;
  score: Score;
}

/** In the order of `settingsOf`. */
export function judgeRun(ground: Ground, run: Run, options: JudgeOptions): Judged[] {
  const plays = new Plays(ground, run);
  const scripts = new Scripts(ground, run, options.seed);
  return settingsOf(options).map((setting) => {
    const { form, variant, grant, mode } = setting;
    const script = scripts.of(form, variant, toolsOf(run, grant));
    const moments = plays.of(script, grant)[mode];
    const line = verdictLine(run, setting, moments);
    return { line, score: scoreOf(run, line, moments) };
  });
}

/** Tools of the grant; null = no scope is known. */
function toolsOf(run: Run, grant: Grant): readonly string[] | null {
  if (grant === 'behaviour') return null;
  return grant === 'planned' ? run.plannedTools : run.usualTools;
}

/** A guess at what the task needs, not a boundary that somebody approved. */
function scopeOf(tools: readonly string[] | null): Scope | null {
  if (tools === null) return null;
  const open = { effects: null, resources: null, destinations: null, dataClasses: null };
  return { tools: [...tools], ...open, estimated: true };
}

/** A script is observed once and played once for each scope. */
class Plays {
  private readonly recording: Recording;
  private readonly activities = new Map<Script, ReturnType<Recording['activitiesOf']>>();
  private readonly played = new Map<Script, Map<string, Played>>();

  constructor(
    private readonly ground: Ground,
    private readonly run: Run,
  ) {
    this.recording = new Recording(ground, run);
  }

  of(script: Script, grant: Grant): Played {
    const tools = toolsOf(this.run, grant);
    const byScope = this.played.get(script) ?? new Map<string, Played>();
    this.played.set(script, byScope);
    const scope = JSON.stringify(tools);
    let played = byScope.get(scope);
    if (played === undefined) {
      const activities = underScope(this.activitiesOf(script), scopeOf(tools));
      byScope.set(scope, (played = play(this.ground.policyOf(this.run), script, activities)));
    }
    return played;
  }

  private activitiesOf(script: Script): ReturnType<Recording['activitiesOf']> {
    const known = this.activities.get(script) ?? this.recording.activitiesOf(script);
    this.activities.set(script, known);
    return known;
  }
}
