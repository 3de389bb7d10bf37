import type { Log } from '#stream';
import type { Marker, PartitionId, StateStore, StateWrite } from '#store';
import { EngineError } from './errors.js';
import { UNVERIFIED } from './place.js';

/** States deleted in one write. */
const CHUNK = 1_000;

/**
 * A named person's answer to a halted partition: forget every state of it and fold the log again from where it starts.
 * Stop the engines that own it first; one that still writes makes this fail, and changes nothing of the outcome.
 */
export async function rebuildPartition(
  parts: { log: Log; store: StateStore },
  topic: string,
  partition: number,
  id: PartitionId,
): Promise<{ states: number; from: number }> {
  const { log, store } = parts;
  const [logId, { start }] = [await log.id(), await log.bounds(topic, partition)];
  const rebuilt: Marker = { logId, offset: start - 1, checksum: UNVERIFIED };
  let marker = await store.marker(id);
  const write = async (next: Marker, states: StateWrite[]) => {
    const request = { partition: id, expected: marker, next, states, folded: [], tasks: [] };
    if ((await store.commit(request)).ok) marker = next;
    else throw contended(id);
  };
  let states = 0;
  // The old marker stays until every state is gone: a rebuild that is cut short leaves the partition halted.
  for await (const keys of chunks(store.keys(id))) {
    const writes = keys.map((key) => ({ key, state: null, ttlMs: 1 }));
    await write(marker ?? rebuilt, writes);
    states += writes.length;
  }
  await write(rebuilt, []);
  return { states, from: start };
}

async function* chunks(keys: AsyncIterable<string>): AsyncGenerator<string[]> {
  let chunk: string[] = [];
  for await (const key of keys) {
    if (chunk.push(key) < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

function contended(id: PartitionId): EngineError {
  return new EngineError(
    'DL_ENGINE_STORE_REFUSED',
    `${id} was written by another process meanwhile: stop the engines that own it, then rebuild again`,
  );
}
