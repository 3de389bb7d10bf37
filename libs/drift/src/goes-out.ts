import type { ToolCall, Value } from '#activity/types';

/**
 * A call that goes to an address or a site named in its arguments. Of a read that means a way out: what it asks for is
 * said to whoever listens there.
 */
export function goesOut({ destination, values }: Pick<ToolCall, 'destination' | 'values'>): boolean {
  return destination !== null || values.some(isAddress);
}

function isAddress({ kind }: Value): boolean {
  return kind === 'email' || kind === 'url' || kind === 'host';
}
