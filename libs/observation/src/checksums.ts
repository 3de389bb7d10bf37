/** Checksums that tell an account or card number from any other number. */

/** ISO 13616: 15–34 characters of which the check digits leave 1 modulo 97. Takes upper case without spaces. */
export function isIban(code: string): boolean {
  if (code.length < 15 || code.length > 34 || !/^[A-Z]{2}\d{2}[A-Z0-9]+$/.test(code)) return false;
  let rest = 0;
  for (let i = 0; i < code.length; i++) {
    const c = code.charCodeAt((i + 4) % code.length);
    rest = c >= 65 ? (rest * 100 + c - 55) % 97 : (rest * 10 + c - 48) % 97;
  }
  return rest === 1;
}

/** Issuer prefixes with their lengths, from the networks' public ranges. */
const ISSUERS: readonly [RegExp, readonly number[]][] = [
  [/^4/, [13, 16, 19]],
  [/^5[1-5]|^2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)/, [16]],
  [/^3[47]/, [15]],
  [/^6(?:011|5|4[4-9])/, [16, 19]],
  [/^35(?:2[89]|[3-8])/, [16]],
  [/^3(?:0[0-5]|[689])/, [14]],
  [/^62/, [16, 17, 18, 19]],
];

/** A payment card number: an issuer's prefix and length, and the Luhn checksum (ISO/IEC 7812). Takes digits only. */
export function isCard(digits: string): boolean {
  if (digits.length < 13 || digits.length > 19 || /^(\d)\1+$/.test(digits)) return false;
  if (!ISSUERS.some(([prefix, lengths]) => prefix.test(digits) && lengths.includes(digits.length)))
    return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const twice = digit * 2;
    sum += i % 2 === 0 ? digit : twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 === 0;
}
