import { ceHeaders, encodeGatewayReport } from '#activity';
import { TOPICS } from '#activity/types';
import type { Log } from '#stream';

/** The set of gateway instances that containment is proved over, as far as a person may change it. */
export class GatewaySet {
  constructor(private readonly log: Log) {}

  /** On the log when this resolves. One that is alive after all is back in the set with its next heartbeat. */
  async remove(gateway: string, instance: string, by: string): Promise<void> {
    const left = { type: 'GatewayLeft', gateway, instance, at: Date.now(), by } as const;
    const record = {
      key: instance,
      value: encodeGatewayReport(left),
      headers: ceHeaders(left),
      partition: 0,
    };
    await this.log.append(TOPICS.enforcements, [record]);
  }
}
