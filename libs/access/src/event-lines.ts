import { AccessError } from './errors.js';

/** One event as text, with room. A longer line without an end is not from an authority. */
const LINE_MAX_CHARS = 4 * 1024 * 1024;

/** The `data:` lines of Server-Sent Events, however the network cut them; the authority sends one per event. */
export class EventLines {
  private rest = '';

  constructor(private readonly onData: (data: string) => void) {}

  /** Throws `AccessError` `unreachable` when the sender does not keep to lines of a sane length. */
  take(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('data: ')) this.onData(line.slice('data: '.length));
    }
    if (this.rest.length > LINE_MAX_CHARS) {
      throw new AccessError('unreachable', 'the event stream has a line without an end; check the address');
    }
  }
}
