/** Prints the story as it happens. */
import type { Authority } from '#access';
import type { Revocation } from '#activity/types';
import { printable, type View } from '../view.js';
import type { CallOutcome } from './agent.js';

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

  /** Only when it moved: what it is now, and every reason. */
  async risk(authority: Authority, task: string): Promise<void> {
    const view = await authority.task(task);
    if (view === null || Math.abs(view.risk - this.lastRisk) < 0.5) return;
    this.line(
      `           ${this.view.paint('yellow', `risk ${this.lastRisk.toFixed(0)} → ${view.risk.toFixed(0)} (${view.level})`)}`,
    );
    this.lastRisk = view.risk;
    for (const one of view.evidence) this.line(`             · ${printable(one.explanation)}`);
  }

  revocation(revocation: Revocation): void {
    this.line(`  ${this.view.revocation(revocation)}`);
  }

  private line(text: string): void {
    process.stdout.write(`${text}\n`);
  }
}
