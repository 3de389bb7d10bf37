/** A thread that looks at large messages, one after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { Fingerprinter, ToolIndex, type FingerprinterKey, type KnownTool } from '#observation';
import { lookAt, type Found, type Look } from './look.js';

/** Sent to the thread. */
export interface Work {
  look: Look;
  text: string;
  /** Only where they are others than the last time. */
  tools: readonly KnownTool[] | null;
}

/** Sent back: what was found, or why nothing was. */
export type Done = { found: Found[Look['kind']] } | { error: string };

const fingerprinter = new Fingerprinter(workerData as FingerprinterKey);
let index = new ToolIndex([]);

parentPort!.on('message', ({ look, text, tools }: Work) => {
  if (tools !== null) index = new ToolIndex(tools);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort!.postMessage(done(look, text));
});

function done(look: Look, text: string): Done {
  try {
    return { found: lookAt(look, text, { fingerprinter, tools: index }) };
  } catch (error) {
    return { error: String(error) };
  }
}
