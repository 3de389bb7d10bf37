/** What goes out: commands, alerts and dead letters, each under the id of its cause, so that twice is once. */
import { ceHeaders, encodeAlert, encodeDeadLetter, encodeLift, encodeRevocation, liftKey } from '#activity';
import { TOPICS, type Alert, type DeadLetter, type Topic } from '#activity/types';
import type { Command } from '#drift';
import type { AppendRecord, Log } from '#stream';

/** Records of one batch that go to other topics, in order per topic. */
export class Outbox {
  private readonly records = new Map<Topic, AppendRecord[]>();
  readonly commands = { revoke: 0, lift: 0, alert: 0 };

  constructor(private readonly source: string) {}

  get isEmpty(): boolean {
    return this.records.size === 0;
  }

  /** Throws `EncodeError` before anything is taken over when one of them cannot be written. */
  addCommands(commands: Command[]): void {
    const encoded = commands.map((command) => this.encode(command));
    for (const { topic, record } of encoded) this.add(topic, record);
    for (const { type } of commands) this.commands[type] += 1;
  }

  addAlert(alert: Alert): void {
    this.addCommands([{ type: 'alert', alert }]);
  }

  addDeadLetter(letter: DeadLetter): void {
    const key = `${letter.topic}/${letter.partition}/${letter.offset}`;
    const headers = ceHeaders(letter, this.source);
    this.add(TOPICS.deadLetters, { key, value: encodeDeadLetter(letter), partition: 0, headers });
  }

  /** Resolves when everything is durable. May be called again after a failure: same ids, same records. */
  async publish(log: Log): Promise<void> {
    await Promise.all([...this.records].map(([topic, records]) => log.append(topic, records)));
  }

  private encode(command: Command): { topic: Topic; record: AppendRecord } {
    switch (command.type) {
      case 'revoke': {
        const { revocation } = command;
        const headers = ceHeaders(revocation, this.source);
        return toRecord(TOPICS.revocations, revocation.id, encodeRevocation(revocation), headers);
      }
      case 'lift': {
        const { lift } = command;
        const headers = ceHeaders(lift, this.source);
        return toRecord(TOPICS.revocations, liftKey(lift.revocation), encodeLift(lift), headers);
      }
      case 'alert': {
        const { alert } = command;
        return toRecord(TOPICS.alerts, alert.id, encodeAlert(alert), ceHeaders(alert, this.source));
      }
    }
  }

  private add(topic: Topic, record: AppendRecord): void {
    const records = this.records.get(topic);
    if (records) records.push(record);
    else this.records.set(topic, [record]);
  }
}

function toRecord(topic: Topic, key: string, value: Buffer, headers: Record<string, string>) {
  return { topic, record: { key, value, partition: 0, headers } };
}
