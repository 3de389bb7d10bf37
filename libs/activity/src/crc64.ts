/**
 * CRC-64-AVRO, the Rabin fingerprint of the Avro 1.12 specification ("Schema Fingerprints"), in two 32-bit halves:
 * JavaScript numbers are fast where BigInt is not.
 */

/** The fingerprint of nothing, 0xc15d213aa4d7a795, which is also the polynomial. */
const EMPTY_HIGH = 0xc15d213a;
const EMPTY_LOW = 0xa4d7a795;

const tableHigh = new Uint32Array(256);
const tableLow = new Uint32Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  let high = 0;
  let low = byte;
  for (let bit = 0; bit < 8; bit += 1) {
    const odd = low & 1;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (odd) {
      low ^= EMPTY_LOW;
      high ^= EMPTY_HIGH;
    }
  }
  tableHigh[byte] = high;
  tableLow[byte] = low;
}

/** The fingerprint of these bytes as eight bytes, least significant first: as it stands in single-object encoding. */
export function crc64Avro(bytes: Uint8Array): Buffer {
  let high = EMPTY_HIGH;
  let low = EMPTY_LOW;
  for (const byte of bytes) {
    const index = (low ^ byte) & 0xff;
    low = (((low >>> 8) | (high << 24)) ^ tableLow[index]!) >>> 0;
    high = ((high >>> 8) ^ tableHigh[index]!) >>> 0;
  }
  const fingerprint = Buffer.alloc(8);
  fingerprint.writeUInt32LE(low, 0);
  fingerprint.writeUInt32LE(high, 4);
  return fingerprint;
}
