/** A bar on a terminal; nothing where standard error is none. */
const WIDTH = 30;
/** Often enough to be seen moving. */
const EVERY_MS = 100;

export class Progress {
  private done = 0;
  private shownMs = 0;

  constructor(
    private readonly total: number,
    private readonly stream: NodeJS.WriteStream = process.stderr,
  ) {}

  step(): void {
    this.done += 1;
    const nowMs = performance.now();
    if (!this.stream.isTTY || (nowMs - this.shownMs < EVERY_MS && this.done < this.total)) return;
    this.shownMs = nowMs;
    const filled = Math.round((this.done / Math.max(1, this.total)) * WIDTH);
    const bar = '█'.repeat(filled).padEnd(WIDTH, '░');
    const percent = Math.floor((100 * this.done) / Math.max(1, this.total));
    this.stream.write(`\r${bar} ${percent} %`);
  }

  end(): void {
    if (this.stream.isTTY) this.stream.write('\r\u001b[K');
  }
}
