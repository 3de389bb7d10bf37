/** Why bytes are not a record, as stable codes: they name dead letters and metrics. */
export type WireCode =
  /** No bytes at all, or a tombstone where a record was expected. */
  | 'DL_WIRE_EMPTY'
  /** Larger than a record may be; not looked into. */
  | 'DL_WIRE_OVERSIZE'
  /** Starts with neither the single-object marker nor the Confluent one. */
  | 'DL_WIRE_FRAMING'
  /** A fingerprint or Confluent id of a schema this process does not have, or not of a record expected here. */
  | 'DL_WIRE_SCHEMA'
  /** The bytes end inside the record. */
  | 'DL_WIRE_TRUNCATED'
  /** Bytes left over after the record. */
  | 'DL_WIRE_TRAILING'
  /** An array or map says it holds more items than bytes are left, or a block size does not fit. */
  | 'DL_WIRE_BOMB'
  /** A text, list, number or byte string outside its limits. */
  | 'DL_WIRE_LIMIT'
  /** A time that is no number of milliseconds from 2020 up to 2100. */
  | 'DL_WIRE_TIME'
  /** A name that would reach an object's prototype. */
  | 'DL_WIRE_KEY'
  /** Text that is not UTF-8. */
  | 'DL_WIRE_TEXT'
  /** An enum or union branch that does not exist, or bytes the decoder fails on in another way. */
  | 'DL_WIRE_MALFORMED'
  /** Encoding only: a value of the wrong type or shape. */
  | 'DL_WIRE_INVALID';

/** Bytes that are not the record they should be. Never fatal: the record becomes a dead letter. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  constructor(
    readonly code: WireCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A record that readers would refuse. `problems` lists every place, `path: what is wrong`. */
export class EncodeError extends Error {
  override readonly name = 'EncodeError';
  constructor(
    readonly code: WireCode,
    message: string,
    readonly problems: string[],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
