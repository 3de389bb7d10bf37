/** `unknown-key-version`: no key of that version is held. `bad-key`: a key is too short to be one. */
export class ObservationError extends Error {
  constructor(
    readonly code: 'unknown-key-version' | 'bad-key',
    message: string,
  ) {
    super(message);
    this.name = 'ObservationError';
  }
}
