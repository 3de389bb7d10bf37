import { AccessError } from '#access';
import { DecodeError, EncodeError } from '#activity';
import { StoreError } from '#store';
import { LogError } from '#stream';

/** What a part says went wrong, as a code of the port; null for what nobody foresaw. */
export function toAccessError(error: unknown): AccessError | null {
  if (error instanceof AccessError) return error;
  if (error instanceof DecodeError || error instanceof EncodeError) {
    return new AccessError('invalid', error.message, { cause: error });
  }
  if (error instanceof StoreError || error instanceof LogError) {
    const what = error instanceof StoreError ? 'store' : 'log';
    const text = `the ${what} did not answer as it should (${error.code}): ${error.message}`;
    return new AccessError('unreachable', text, { cause: error });
  }
  return null;
}

/** For callers in this process: the same errors as over HTTP. */
export async function typed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toAccessError(error) ?? error;
  }
}
