export interface Found {
  /** Empty when there is none; then `why` says what is missing. */
  value: string;
  why: string;
}
export function forTests(): Promise<{ kafka: Found; redis: Found; stop: () => Promise<void> }>;
