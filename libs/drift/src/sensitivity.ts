/** Sensitivity of a class that policy does not list. */
const UNLISTED_SENSITIVITY = 0.25;

/** Sensitivity of a data class by policy, 0–1. */
export function sensitivityOf(sensitivities: Record<string, number>, name: string): number {
  return Object.hasOwn(sensitivities, name) ? (sensitivities[name] as number) : UNLISTED_SENSITIVITY;
}
