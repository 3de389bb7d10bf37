export interface Found {
  /** Empty when there is none; then `why` says what is missing. */
  value: string;
  why: string;
}
export function forTests(): Promise<{ kafka: Found; redis: Found; stop: () => Promise<void> }>;

export interface Entry {
  how: 'environment' | 'compose' | 'java' | 'redis-server';
  /** `host:port`, several separated by commas. */
  endpoint: string;
}
/** Starts what the environment does not give; what runs already is used again. */
export function up(): Promise<{ kafka: Entry; redis: Entry }>;
