/** The codecs of every record that is on a topic. */
import { createCodec, createUnionCodec, type Codec } from './codec.js';
import { LIMITS } from './types.js';
import type {
  Activity,
  ActivityType,
  Alert,
  Audit,
  DeadLetter,
  GatewayReport,
  Lift,
  Revocation,
} from './types.js';

/** Room for the frame, reason and names of a dead letter around the original key and value. */
const DEAD_LETTER_FRAME_BYTES = 16_384;

/** Schema of each activity; `schemas/<name>.avsc`. */
export const ACTIVITY_SCHEMAS: Readonly<Record<ActivityType, string>> = {
  ToolCall: 'tool-call',
  ToolResult: 'tool-result',
  TaskStarted: 'task-started',
  TaskEnded: 'task-ended',
  ContextChecked: 'context-checked',
  RevocationLifted: 'revocation-lifted',
  VerdictGiven: 'verdict-given',
  ToolsListed: 'tools-listed',
  PolicyActivated: 'policy-activated',
  Tick: 'tick',
};

/** Schema of each report on the `enforcements` topic. */
export const REPORT_SCHEMAS: Readonly<Record<GatewayReport['type'], string>> = {
  GatewayRegistered: 'gateway-registered',
  GatewayHeartbeat: 'gateway-heartbeat',
  GatewayLeft: 'gateway-left',
  Enforcement: 'enforcement',
};

export const activityCodec: Codec<Activity> = createUnionCodec<Activity>('activity', ACTIVITY_SCHEMAS);
export const gatewayReportCodec: Codec<GatewayReport> = createUnionCodec<GatewayReport>(
  'gateway-report',
  REPORT_SCHEMAS,
);
export const revocationCodec = createCodec<Revocation>('revocation', { maxBytes: LIMITS.commandBytes });
export const liftCodec = createCodec<Lift>('lift');
export const alertCodec = createCodec<Alert>('alert', { maxBytes: LIMITS.commandBytes });
export const auditCodec = createCodec<Audit>('audit');
export const deadLetterCodec = createCodec<DeadLetter>('dead-letter', {
  maxBytes: LIMITS.deadLetterValueBytes + LIMITS.deadLetterKeyBytes + DEAD_LETTER_FRAME_BYTES,
});

/** Value of an `activity` record. Throws `EncodeError`. */
export const encodeActivity = (activity: Activity): Buffer => activityCodec.encode(activity);
/** Throws `DecodeError` and nothing else. */
export const decodeActivity = (bytes: Uint8Array): Activity => activityCodec.decode(bytes);
/** What `encodeActivity` would refuse, `path: what is wrong`; empty when nothing. */
export const validateActivity = (activity: Activity): string[] => activityCodec.problems(activity);

export const encodeGatewayReport = (report: GatewayReport): Buffer => gatewayReportCodec.encode(report);
export const decodeGatewayReport = (bytes: Uint8Array): GatewayReport => gatewayReportCodec.decode(bytes);

export const encodeRevocation = (revocation: Revocation): Buffer => revocationCodec.encode(revocation);
export const decodeRevocation = (bytes: Uint8Array): Revocation => revocationCodec.decode(bytes);

export const encodeLift = (lift: Lift): Buffer => liftCodec.encode(lift);
export const decodeLift = (bytes: Uint8Array): Lift => liftCodec.decode(bytes);

export const encodeAlert = (alert: Alert): Buffer => alertCodec.encode(alert);
export const decodeAlert = (bytes: Uint8Array): Alert => alertCodec.decode(bytes);

export const encodeAudit = (audit: Audit): Buffer => auditCodec.encode(audit);
export const decodeAudit = (bytes: Uint8Array): Audit => auditCodec.decode(bytes);

export const encodeDeadLetter = (letter: DeadLetter): Buffer => deadLetterCodec.encode(letter);
export const decodeDeadLetter = (bytes: Uint8Array): DeadLetter => deadLetterCodec.decode(bytes);

/** Key prefix of lifts on the `revocations` topic. */
const LIFT_PREFIX = 'lift:';
/** Record key of a lift, beside the revocation it ends. */
export const liftKey = (revocation: string): string => `${LIFT_PREFIX}${revocation}`;

/** One record of the `revocations` topic, told apart by its key. Throws `DecodeError`. */
export function decodeCommand(
  key: string,
  bytes: Uint8Array,
): { kind: 'revocation'; revocation: Revocation } | { kind: 'lift'; lift: Lift } {
  return key.startsWith(LIFT_PREFIX)
    ? { kind: 'lift', lift: decodeLift(bytes) }
    : { kind: 'revocation', revocation: decodeRevocation(bytes) };
}
