import type { Log, LogRecord } from '#stream';

/** The same log with topics and groups of a test's own: one Kafka serves many tests without meeting. */
export function prefixed(log: Log, prefix: string): Log {
  const on = (topic: string) => `${prefix}.${topic}`;
  // Not a copy: a record may decode its headers only when it is asked for them.
  const named = (record: LogRecord, topic: string): LogRecord =>
    Object.create(record, { topic: { value: topic, enumerable: true } }) as LogRecord;
  const off = (records: LogRecord[]) =>
    records.map((record) => named(record, record.topic.slice(prefix.length + 1)));
  return {
    id: () => log.id(),
    ensureTopics: (specs) => log.ensureTopics(specs.map((spec) => ({ ...spec, name: on(spec.name) }))),
    partitions: (topic) => log.partitions(on(topic)),
    append: (topic, records) => log.append(on(topic), records),
    bounds: (topic, partition) => log.bounds(on(topic), partition),
    readAt: async (topic, partition, offset) => {
      const record = await log.readAt(on(topic), partition, offset);
      return record && named(record, topic);
    },
    consume: (options) =>
      log.consume({
        ...options,
        topic: on(options.topic),
        group: on(options.group),
        handler: {
          assigned: (partition) => options.handler.assigned(partition),
          batch: (partition, records, context) => options.handler.batch(partition, off(records), context),
          revoked: (partition) => options.handler.revoked(partition),
        },
      }),
    groupPositions: (group, topic) => log.groupPositions(on(group), on(topic)),
    follow: (options) =>
      log.follow({
        ...options,
        topic: on(options.topic),
        onRecords: (records) => options.onRecords(off(records)),
      }),
    // Shared with other tests of the file: whoever opened it closes it.
    close: async () => undefined,
  };
}
