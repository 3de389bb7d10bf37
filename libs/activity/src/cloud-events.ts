/** CloudEvents 1.0, Kafka binding, binary mode: headers that let a consumer route without decoding. */
import { ACTIVITY_SCHEMAS, liftKey, REPORT_SCHEMAS } from './records.js';
import {
  agentKey,
  type Activity,
  type Alert,
  type Audit,
  type DeadLetter,
  type GatewayReport,
  type Lift,
  type Revocation,
} from './types.js';

export type WireRecord = Activity | GatewayReport | Revocation | Lift | Alert | DeadLetter | Audit;

/** What CloudEvents asks of every event. */
interface EventAttributes {
  /** Schema name: `tool-call`. */
  schema: string;
  id: string;
  /** Who says it, a URI reference. */
  source: string;
  timeMs: number;
  /** Whom it is about, null when nobody. */
  subject: string | null;
}

function ofActivity(activity: Activity): EventAttributes {
  return {
    schema: ACTIVITY_SCHEMAS[activity.type],
    id: activity.id,
    source: activity.source,
    timeMs: activity.time,
    subject: activity.agent === '' ? null : agentKey(activity),
  };
}

/** A gateway says each of these once: instance, kind, time and what it is about make it unique. */
function ofReport(report: GatewayReport): EventAttributes {
  const about =
    report.type === 'Enforcement' ? `/${report.revocation}/${report.outcome}/${report.callId ?? ''}` : '';
  return {
    schema: REPORT_SCHEMAS[report.type],
    id: `${report.instance}/${report.type}/${report.at}${about}`,
    source: `gateway/${report.gateway}`,
    timeMs: report.at,
    subject: report.type === 'Enforcement' ? report.revocation : report.instance,
  };
}

/** The records without a `type` are told apart by a field that only they have. */
function attributesOf(record: WireRecord, source: string): EventAttributes {
  if ('sequence' in record) return ofActivity(record);
  if ('instance' in record) return ofReport(record);
  if ('issuedAt' in record) {
    return { schema: 'revocation', id: record.id, source, timeMs: record.issuedAt, subject: record.agent };
  }
  if ('level' in record)
    return { schema: 'alert', id: record.id, source, timeMs: record.at, subject: record.agent };
  if ('topic' in record) {
    const place = `${record.topic}/${record.partition}/${record.offset}`;
    return { schema: 'dead-letter', id: place, source, timeMs: record.at, subject: place };
  }
  if ('action' in record)
    return { schema: 'audit', id: record.id, source, timeMs: record.at, subject: record.subject };
  return {
    schema: 'lift',
    id: liftKey(record.revocation),
    source,
    timeMs: record.at,
    subject: record.revocation,
  };
}

/**
 * Kafka headers of a record. `source` names the reporter of records that do not carry one (commands, alerts, audit, dead
 * letters), as `engine/<id>`. `ce_source` + `ce_id` is unique per event.
 */
export function ceHeaders(record: WireRecord, source = 'driftline'): Record<string, string> {
  const attributes = attributesOf(record, source);
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    ce_type: `dev.driftline.${attributes.schema}.v1`,
    ce_source: attributes.source,
    ce_id: attributes.id,
    ce_time: new Date(attributes.timeMs).toISOString(),
    'content-type': 'application/avro',
  };
  if (attributes.subject) headers.ce_subject = attributes.subject;
  return headers;
}
