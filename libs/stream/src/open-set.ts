/** Consumers and followers of a log that are open: closing the log stops them; who stops by itself is forgotten. */
export class OpenSet {
  private readonly open = new Set<{ stop(): Promise<void> }>();

  track<T extends { stop(): Promise<void> }>(one: T): T {
    const stop = one.stop.bind(one);
    one.stop = () => stop().finally(() => this.open.delete(one));
    this.open.add(one);
    return one;
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.open].map((one) => one.stop()));
  }
}
