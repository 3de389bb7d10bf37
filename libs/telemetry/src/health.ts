/**
 * Health tests progress, not connections: a check is healthy while something was done within its limit. A process that
 * is connected to everything and does nothing is not healthy.
 */

export interface CheckReport {
  status: 'ok' | 'failing';
  /** Time since the last progress. */
  ageMs: number;
  limitMs: number;
  /** What is behind it, when it is known. */
  detail?: string;
}

export interface HealthReport {
  status: 'ok' | 'failing';
  checks: Record<string, CheckReport>;
  /** What an operator should know and need not be woken for. */
  notes?: Record<string, string>;
}

export interface ReadyReport {
  status: 'ready' | 'not-ready';
  /** Conditions that are not met yet or any more, with the reason. */
  waiting: Record<string, string>;
  health: HealthReport;
}

/** One named kind of progress. */
export interface ProgressCheck {
  /** Something was done just now. */
  done(): void;
  /** Why it does not go on; shown while the check is failing. Null clears it. */
  explain(detail: string | null): void;
  /** The check ends with the part it watched. */
  remove(): void;
}

interface Check {
  ageMs: () => number;
  limitMs: number;
  detail: string | null;
}

/** The checks of one service. */
export class Health {
  readonly #checks = new Map<string, Check>();
  readonly #waiting = new Map<string, string>();
  readonly #notes = new Map<string, string>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Watches progress that is told through `done`; counts as done now. */
  progress(name: string, limitMs: number): ProgressCheck {
    let doneAtMs = this.now();
    const check = this.#add(name, limitMs, () => this.now() - doneAtMs);
    return { ...check, done: () => (doneAtMs = this.now()) };
  }

  /** Watches progress that something else measures, as `Consumer.progressAgeMs()` does. */
  watch(name: string, limitMs: number, ageMs: () => number): Omit<ProgressCheck, 'done'> {
    return this.#add(name, limitMs, ageMs);
  }

  /** The service is not ready until every condition that was set is met (`reason` null). */
  condition(name: string, reason: string | null): void {
    if (reason === null) this.#waiting.delete(name);
    else this.#waiting.set(name, reason);
  }

  /** Shown with the report without making it worse, until it is null. */
  note(name: string, text: string | null): void {
    if (text === null) this.#notes.delete(name);
    else this.#notes.set(name, text);
  }

  report(): HealthReport {
    const checks = Object.fromEntries([...this.#checks].map(([name, check]) => [name, evaluate(check)]));
    const failing = Object.values(checks).some((check) => check.status === 'failing');
    const notes = this.#notes.size > 0 ? { notes: Object.fromEntries(this.#notes) } : {};
    return { status: failing ? 'failing' : 'ok', checks, ...notes };
  }

  ready(): ReadyReport {
    const health = this.report();
    const ready = this.#waiting.size === 0 && health.status === 'ok';
    return { status: ready ? 'ready' : 'not-ready', waiting: Object.fromEntries(this.#waiting), health };
  }

  #add(name: string, limitMs: number, ageMs: () => number): Omit<ProgressCheck, 'done'> {
    const check: Check = { ageMs, limitMs, detail: null };
    this.#checks.set(name, check);
    return {
      explain: (detail) => (check.detail = detail),
      // A part that was started again under the same name has a check of its own by now.
      remove: () => {
        if (this.#checks.get(name) === check) this.#checks.delete(name);
      },
    };
  }
}

function evaluate(check: Check): CheckReport {
  const ageMs = Math.round(check.ageMs());
  const status = ageMs <= check.limitMs ? 'ok' : 'failing';
  return { status, ageMs, limitMs: check.limitMs, ...(check.detail !== null && { detail: check.detail }) };
}
