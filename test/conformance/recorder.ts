import { PartitionHalted, type BatchContext, type LogRecord, type PartitionHandler } from '#stream';

type Behave = (partition: number, records: LogRecord[], context: BatchContext) => Promise<void> | void;

/**
 * A handler that writes down everything it is told, and checks what no adapter may ever do: a batch on a partition that
 * is not assigned, two batches of one partition at once, records out of order, a jump that nobody asked for.
 */
export class Recorder implements PartitionHandler {
  readonly records: LogRecord[] = [];
  readonly calls: string[] = [];
  readonly violations: string[] = [];
  readonly batchSizes: number[] = [];
  busy = 0;
  mostBusy = 0;
  private readonly positions = new Map<number, number>();
  private readonly running = new Set<number>();

  constructor(
    private readonly options: {
      start?: (partition: number) => number | Promise<number>;
      batch?: Behave;
      /** Offsets may be missing: the topic is compacted. */
      gaps?: boolean;
    } = {},
  ) {}

  async assigned(partition: number): Promise<number> {
    this.calls.push(`assigned ${partition}`);
    if (this.positions.has(partition)) this.violations.push(`assigned ${partition} twice`);
    const start = (await this.options.start?.(partition)) ?? 0;
    this.positions.set(partition, start);
    return start;
  }

  async batch(partition: number, records: LogRecord[], context: BatchContext): Promise<void> {
    this.check(partition, records);
    this.running.add(partition);
    this.busy += 1;
    this.mostBusy = Math.max(this.mostBusy, this.busy);
    let next = records.at(-1)!.offset + 1;
    const watched: BatchContext = {
      ...context,
      seek: (offset) => {
        next = offset;
        context.seek(offset);
      },
    };
    try {
      await this.options.batch?.(partition, records, watched);
      if (context.stale()) return;
      this.records.push(...records);
      this.batchSizes.push(records.length);
      this.positions.set(partition, next);
    } finally {
      this.busy -= 1;
      this.running.delete(partition);
    }
  }

  async revoked(partition: number): Promise<void> {
    this.calls.push(`revoked ${partition}`);
    if (this.running.has(partition)) this.violations.push(`revoked ${partition} during its batch`);
    this.positions.delete(partition);
  }

  private check(partition: number, records: LogRecord[]): void {
    const position = this.positions.get(partition);
    const first = records[0]?.offset;
    if (this.running.has(partition)) this.violations.push(`two batches of ${partition} at once`);
    if (position === undefined) this.violations.push(`batch of ${partition}, which is not assigned`);
    else if (first === undefined) this.violations.push(`empty batch of ${partition}`);
    else if (first < position || (first > position && this.options.gaps !== true))
      this.violations.push(`batch of ${partition} starts at ${first} instead of ${position}`);
    for (const [index, record] of records.entries()) {
      const before = records[index - 1];
      if (before !== undefined && record.offset <= before.offset)
        this.violations.push(`${partition} out of order`);
      if (record.partition !== partition)
        this.violations.push(`record of ${record.partition} in a batch of ${partition}`);
    }
  }

  values(partition?: number): string[] {
    return this.records
      .filter((record) => partition === undefined || record.partition === partition)
      .map((record) => record.value?.toString() ?? 'tombstone');
  }
}

export const halt = (code: string): never => {
  throw new PartitionHalted(code, `halted by the test: ${code}`);
};
