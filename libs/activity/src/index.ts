/** The words of the activity log: types, wire codecs, and the functions that place and identify records. */
export * from './types.js';
export { DecodeError, EncodeError, type WireCode } from './errors.js';
export { createCodec, createUnionCodec, type Codec, type CodecOptions } from './codec.js';
export {
  decodeActivity,
  decodeAlert,
  decodeAudit,
  decodeCommand,
  decodeDeadLetter,
  decodeGatewayReport,
  decodeLift,
  decodeRevocation,
  encodeActivity,
  encodeAlert,
  encodeAudit,
  encodeDeadLetter,
  encodeGatewayReport,
  encodeLift,
  encodeRevocation,
  liftKey,
  validateActivity,
} from './records.js';
export { ceHeaders, type WireRecord } from './cloud-events.js';
export { toDeadLetter } from './dead-letter.js';
export { ORDINARY_BASE, ordinaryCall, ordinaryResult, ordinaryTask } from './ordinary.js';
export { checksum } from './checksum.js';
export { partitionOf } from './partition.js';
export { crc64Avro } from './crc64.js';
export { parsingCanonicalForm } from './canonical.js';
