/** Prints the story as it happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Authority, TaskView } from '#access';
import type { Revocation } from '#activity/types';
import { printable, type View } from '../view.js';
import type { CallOutcome } from './agent.js';

/** Folding takes a few milliseconds; a risk that has not moved by then does not move. */
const FOLD_WAIT_MS = 300;
const LOOK_MS = 25;

export class Narrator {
  private lastRisk = 0;

  constructor(private readonly view: View) {}

  chapter(title: string): void {
    this.lastRisk = 0;
    this.line(`\n${this.view.paint('bold', title)}\n`);
  }

  say(text: string): void {
    this.line(`  ${text}`);
  }

  call(tool: string, what: string, outcome: CallOutcome): void {
    const verdict = outcome.refused ? this.view.paint('red', 'refused') : this.view.paint('green', 'done   ');
    this.line(
      `  ${verdict}  ${tool} ${printable(what)}  ${this.view.paint('dim', `${outcome.tookMs.toFixed(1)} ms`)}`,
    );
    if (outcome.refused) this.line(`           ${this.view.paint('dim', printable(outcome.text))}`);
  }

  /** Waits a moment for the call to be folded; prints the risk only when it moved, with every reason. */
  async risk(authority: Authority, task: string): Promise<void> {
    const view = await this.moved(authority, task);
    if (view === null) return;
    const change = `risk ${this.lastRisk.toFixed(0)} → ${view.risk.toFixed(0)} (${view.level})`;
    this.line(`           ${this.view.paint('yellow', change)}`);
    this.lastRisk = view.risk;
    for (const one of view.evidence) this.line(`             · ${printable(one.explanation)}`);
  }

  /** The task once its risk has moved and moves no more; null when it stayed where it was. */
  private async moved(authority: Authority, task: string): Promise<TaskView | null> {
    let last: TaskView | null = null;
    for (let waitedMs = 0; waitedMs <= FOLD_WAIT_MS; waitedMs += LOOK_MS) {
      const view = await authority.task(task);
      const changed = view !== null && Math.abs(view.risk - this.lastRisk) >= 0.5;
      const settled = last !== null && view !== null && Math.abs(view.risk - last.risk) < 0.5;
      if (changed && settled) return view;
      last = view;
      await sleep(LOOK_MS);
    }
    return null;
  }

  revocation(revocation: Revocation): void {
    this.line(`  ${this.view.revocation(revocation)}`);
  }

  private line(text: string): void {
    process.stdout.write(`${text}\n`);
  }
}
