/** Sensitivity of a class that policy does not list. */
const UNLISTED_SENSITIVITY = 0.25;

/** Sensitivity of a data class by policy, 0–1. */
export function sensitivityOf(sensitivities: Record<string, number>, name: string): number {
  // Asked for several times with every activity: what every object has of its own accord is no number.
  const listed = sensitivities[name];
  return typeof listed === 'number' ? listed : UNLISTED_SENSITIVITY;
}
