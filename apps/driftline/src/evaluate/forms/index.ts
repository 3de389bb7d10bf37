/** What an attacker could have made of the same run. */
import { classifyTool } from '#observation';
import type { Ground } from '../ground.js';
import { plainScript, scriptOf, STEP_MS, type Script } from '../script.js';
import { Chance } from '../random.js';
import type { Run } from '../runs.js';
import type { Form } from '../settings.js';
import { paddedOrder, paddingCalls } from './pad.js';
import type { Rewording } from './phrasings.js';
import { reworded } from './reword.js';

/** Hours between calls of a run that is spread out. */
const SPREAD_MIN_MS = 3_600_000;
const SPREAD_MORE_MS = 2 * 3_600_000;

/** Scripts of one run. The same script is the same object, so that it is played once. */
export class Scripts {
  private readonly made = new Map<string, Script>();

  constructor(
    private readonly ground: Ground,
    private readonly run: Run,
    private readonly seed: number,
  ) {}

  /** `allowed`: tools of the grant, null = all. `variant`: one more phrasing of a reworded form. */
  of(form: Form, variant: number, allowed: readonly string[] | null): Script {
    switch (form) {
      case 'plain':
        return this.plain();
      case 'padded':
        return this.padded(allowed);
      case 'spread':
        return this.once('spread', () => spread(this.run, this.seed));
      case 'restarted':
        return this.once('restarted', () => ({ ...this.plain(), restartAfter: restartOf(this.run) }));
      default:
        return this.once(`${form} ${variant}`, () => this.reworded(form, variant));
    }
  }

  private plain(): Script {
    return this.once('plain', () => plainScript(this.run.calls));
  }

  private padded(allowed: readonly string[] | null): Script {
    const padding = paddingCalls(this.ground, this.run, allowed);
    if (padding.length === 0) return this.plain();
    return this.once(`padded ${padding.map(({ tool }) => tool).join(' ')}`, () => {
      let padded = 0;
      const steps = paddedOrder(this.run, this.seed).map((index, at) => ({
        call: index === null ? padding[padded++ % padding.length]! : this.run.calls[index]!,
        index,
        atMs: (at + 1) * STEP_MS,
      }));
      return scriptOf(steps);
    });
  }

  /** Runs without an attack to reword are what they were. */
  private reworded(form: Rewording, variant: number): Script {
    const { catalogue } = this.ground.operatorsPolicy(this.run);
    const server = this.run.suite;
    const isOwn = (tool: string) => classifyTool(catalogue, { server, trusted: false, tool }).trust === 'own';
    const calls = reworded(this.run, { form, seed: this.seed, variant, isOwn });
    return calls === null ? this.plain() : plainScript(calls);
  }

  private once(name: string, make: () => Script): Script {
    const known = this.made.get(name) ?? make();
    this.made.set(name, known);
    return known;
  }
}

/** The task stays open all the while, as one whose grants are renewed. */
function spread(run: Run, seed: number): Script {
  const chance = new Chance(seed, `spread ${run.id}`);
  let atMs = 0;
  const steps = run.calls.map((call, index) => {
    atMs += SPREAD_MIN_MS + chance.below(SPREAD_MORE_MS);
    return { call, index, atMs };
  });
  return scriptOf(steps);
}

/** Between reading the attack and acting on it; in the middle where there was none. */
function restartOf({ calls, exposedAt }: Run): number {
  return (exposedAt ?? Math.floor((calls.length - 1) / 2)) + 1;
}
