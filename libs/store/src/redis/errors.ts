import { StoreError } from '../errors.js';

/** The server (or the client's own state) said that this command was not executed and another time may do. */
const NOT_NOW =
  /^(OOM|LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|BUSY|MISCONF|NOREPLICAS|ERR max number of clients)/;
const DENIED = /^(NOPERM|NOAUTH|WRONGPASS|ERR invalid password|ERR AUTH)/;
const NOT_SENT = /enableOfflineQueue options is false|None of startup nodes|Failed to refresh slots cache/;
/** Sent, and the answer did not come: the command may have been executed. */
const NO_ANSWER =
  /^(Command timed out|Connection is closed|Command aborted|Reached the max retries|Socket timeout)/;

/**
 * What happened to `doing` ("a commit"), as a `StoreError`.
 * @param connection why there is no connection, when there is none
 */
export function toStoreError(doing: string, error: unknown, connection: Error | null): StoreError {
  if (error instanceof StoreError) return error;
  const { message } = error instanceof Error ? error : new Error(String(error));
  const failed = (code: ConstructorParameters<typeof StoreError>[0], text: string): StoreError =>
    new StoreError(code, `${doing} in Redis: ${text}`, { cause: error });
  if (DENIED.test(message)) {
    return failed(
      'DL_STORE_DENIED',
      `${message}. Check redis.username, redis.password and the ACL of that user`,
    );
  }
  if (NOT_SENT.test(message)) return notConnected(doing, message, connection);
  if (NO_ANSWER.test(message)) {
    return failed('DL_STORE_TIMEOUT', `no answer (${message}): it may or may not have been executed`);
  }
  if (message.includes('WRONGTYPE')) {
    return failed('DL_STORE_CORRUPT', `${message}: something else writes under the keys of Driftline`);
  }
  const advice = NOT_NOW.test(message) ? 'it was not executed; try again later' : 'it was refused';
  return failed('DL_STORE_UNAVAILABLE', `${message}: ${advice}`);
}

function notConnected(doing: string, message: string, connection: Error | null): StoreError {
  const why = connection === null ? message : connection.message;
  const code = DENIED.test(why) ? 'DL_STORE_DENIED' : 'DL_STORE_UNAVAILABLE';
  return new StoreError(code, `${doing} in Redis: not connected (${why}); it was not sent`, {
    cause: connection,
  });
}
