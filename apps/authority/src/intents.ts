import { AccessError } from '#access';
import type { Value } from '#activity/types';
import { intentFeatures, observeIntent, type FingerprintKeys, type IntentFeatures } from '#observation';

const PRINT = /^[0-9a-f]{16}$/;

/** Turns what was approved into fingerprints: the same as gateways make of the same things in calls and results. */
export class Intents {
  constructor(private readonly keys: FingerprintKeys) {}

  /** What the intent names: accounts, addresses, files … */
  values(intent: string): Value[] {
    return observeIntent(intent, this.keys.current);
  }

  /** What it asks for, of whom it speaks, and whether it leaves the rest to a text. */
  features(intent: string, keepText: boolean): IntentFeatures {
    return intentFeatures(intent, this.keys.current, keepText);
  }

  /** An address as a fingerprint; a fingerprint stays one. Throws `invalid` for text that names no destination. */
  destination(place: string): string {
    if (PRINT.test(place)) return place;
    const value = this.keys.current.ofText(place);
    if (value) return value.print;
    throw new AccessError(
      'invalid',
      `scope.destinations: expected an address, account or host, got "${place}"`,
    );
  }
}
